(* SPDX-License-Identifier: MIT *)
(** * What each call returns and writes, alone with its word: for the comparison with the shipped C

    The proof speaks of [record], [observe], [mark] and [same]. Here they are put together as the calls
    put them together when nobody comes in between, with the 18-bit counter of errseq_t. tests/proofs
    extracts this to OCaml and compares it with errseq.c. *)

Require Import Arith Bool.
Require Import Word.

Definition same_b (M : nat) (a b : value) : bool :=
  (errno a =? errno b) && (counter a mod M =? counter b mod M).

Lemma same_b_is_same M a b : same_b M a b = true <-> same M a b.
Proof.
  unfold same_b, same. now rewrite andb_true_iff, !Nat.eqb_eq.
Qed.

Section Calls.
Variable M : nat.

Definition call_set (e : nat) (v : value) : value := truncate M (record e v).
Definition call_sample (v : value) : value := if reported v then v else never_set.
Definition call_peek (v : value) : value := if errno v =? 0 then v else observe v.
Definition call_check (since v : value) : nat := if same_b M v since then 0 else errno v.
(** The cursor, and the word, after an advance. It returns what check returns. *)
Definition call_advance (since v : value) : value * value :=
  if same_b M v since then (since, v)
  else if errno v =? 0 then (v, v) (* a cursor from another word *)
  else (mark v, mark v).
Definition call_settle (at_ v : value) : bool * value :=
  if same_b M v at_ && negb (errno v =? 0) then (true, mark v) else (false, v).
End Calls.

Require Extraction.
Require Import ExtrOcamlBasic ExtrOcamlNatInt.
Extraction Language OCaml.
Extract Constant Nat.modulo => "fun a m -> if m = 0 then a else a mod m".
Extraction "calls.ml" same_b call_set call_sample call_peek call_check call_advance call_settle.
