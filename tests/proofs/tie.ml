(* SPDX-License-Identifier: MIT *)
(* What the proof says that each call returns and writes (calls.ml, extracted by Coq), beside what the shipped C does.
   usage: tie [all]: with "all", every word of 32 bits; else every combination of flags and errno with some counters. *)
open Calls

external c_set : (int[@untagged]) -> (int[@untagged]) -> (int[@untagged]) = "no" "tie_set" [@@noalloc]
external c_sample : (int[@untagged]) -> (int[@untagged]) = "no" "tie_sample" [@@noalloc]
external c_peek : (int[@untagged]) -> (int[@untagged]) = "no" "tie_peek" [@@noalloc]
external c_check : (int[@untagged]) -> (int[@untagged]) -> (int[@untagged]) = "no" "tie_check" [@@noalloc]
external c_advance : (int[@untagged]) -> (int[@untagged]) -> (int[@untagged]) = "no" "tie_advance" [@@noalloc]
external c_settle : (int[@untagged]) -> (int[@untagged]) -> (int[@untagged]) = "no" "tie_settle" [@@noalloc]
external c_same : (int[@untagged]) -> (int[@untagged]) -> (int[@untagged]) = "no" "tie_same" [@@noalloc]

let laps = 1 lsl 18
let value w =
  { errno = w land 0xfff; reported = w land 0x1000 <> 0; observed = w land 0x2000 <> 0; counter = w lsr 14 }
let word v =
  v.errno lor (if v.reported then 0x1000 else 0) lor (if v.observed then 0x2000 else 0) lor (v.counter lsl 14)

let compared = ref 0
let equal lemma w other proof c =
  incr compared;
  if proof <> c then begin
    Printf.printf "%s: with the word %#x and %#x the proof says %#x, and the C does %#x\n" lemma w other proof c;
    print_endline "The proof no longer speaks of this source.";
    exit 1
  end

let with_cursor w since =
  let v = value w and s = value since in
  equal "call_check (Extract.v; check_same, check_differs)" w since (call_check laps s v) (c_check w since);
  let cursor, after = call_advance laps s v in
  equal "call_advance (Extract.v; advance_differs, advance_marks)" w since
    (word cursor lor (word after lsl 32) lxor call_check laps s v) (c_advance w since);
  let settled, after = call_settle laps s v in
  equal "call_settle (Extract.v; settle_same, settle_marks)" w since
    (word after lor if settled then 1 lsl 32 else 0) (c_settle w since);
  equal "same_b (Word.v: same)" w since (Bool.to_int (same_b laps v s)) (c_same w since)

let with_error w e = equal "record (Word.v)" w e (word (call_set laps e (value w))) (c_set w e)

let with_word w =
  let v = value w in
  equal "call_sample (Extract.v; sample_loads)" w 0 (word (call_sample v)) (c_sample w);
  equal "observe (Word.v; peek_marks)" w 0 (word (call_peek v)) (c_peek w);
  with_error w 1;
  with_error w 4095;
  with_cursor w 0;
  with_cursor w w;
  with_cursor w (w lxor 0x3000);
  with_cursor w (w lxor 0x4000)

(* No call leaves flags without an errno, or reported without observed. *)
let can_be w = w = 0 || (w land 0xfff <> 0 && w land 0x3000 <> 0x1000)

let () =
  let all = Array.length Sys.argv > 1 && Sys.argv.(1) = "all" in
  let counters = List.init 18 (fun bit -> 1 lsl bit) @ [ 0; laps - 1; laps - 2; 0x15555; 0x2aaaa ] in
  if all then
    for counter = 0 to laps - 1 do
      if counter land 0x3fff = 0 then Printf.printf "%d of %d counters\n%!" counter laps;
      for low = 0 to 0x3fff do
        let w = (counter lsl 14) lor low in
        if can_be w then with_word w
      done
    done
  else
    List.iter (fun counter ->
        for low = 0 to 0x3fff do
          let w = (counter lsl 14) lor low in
          if can_be w then with_word w
        done) counters;
  List.iter (fun counter ->
      List.iter (fun low ->
          let w = (counter lsl 14) lor low in
          for e = 1 to 4095 do
            with_error w e;
            with_cursor w ((counter lsl 14) lor 0x2000 lor e);
            with_cursor w (((counter + 1) mod laps lsl 14) lor 0x3000 lor e)
          done) [ 5; 0x2005; 0x3005; 4095; 0x3fff ]) counters;
  Printf.printf "%d results of calls are as the proof says\n" !compared
