(* SPDX-License-Identifier: MIT *)
(** * Where the forms on the kernel's list go wrong

    Each corner is a short history of one word, with what the form would write and compare. The
    theorem says that something bad exists. [A] and [B] are two errnos. *)

Require Import Arith List Lia Bool.
Require Import Word.
Import ListNotations.

Definition A := 5.
Definition B := 28.

(** The comparison of check and advance, unbounded counter. *)
Definition no_news (cursor now : value) : bool :=
  (errno cursor =? errno now) && (counter cursor =? counter now).

(** 1. A failed compare-exchange is ignored. The observer reads A, and wants to mark it. B comes, so the
    exchange fails, and the observer keeps a value that was never in the word. A comes once more. Two
    errors were recorded after the observer looked, and its next check says that there is none. *)
Theorem failed_exchange_ignored :
  let seen := record A never_set in
  let cursor := mark seen in
  let now := record A (record B seen) in
  no_news cursor now = true.
Proof. reflexivity. Qed.

(** Ours marks what is there: B. Then A moves the counter. *)
Theorem failed_exchange_ours :
  let cursor := mark (record B (record A never_set)) in
  no_news cursor (record A cursor) = false.
Proof. reflexivity. Qed.

(** 2. Advance compares the flags as well. The observer peeks, and another one is told of the error. Then the
    flags differ, and the observer is told of an error that is older than its position. *)
Definition no_news_with_flags (cursor now : value) : bool :=
  no_news cursor now && Bool.eqb (reported cursor) (reported now) &&
  Bool.eqb (observed cursor) (observed now).

Theorem flags_as_news :
  let cursor := observe (record A never_set) in
  let now := mark cursor in
  no_news_with_flags cursor now = false /\ no_news cursor now = true.
Proof. split; reflexivity. Qed.

(** 3. The loop of set asks whether the value that it found was the wanted one already, also after an exchange
    that has succeeded. So it goes round again, and records one error twice. *)
Fixpoint set_until (stop : value -> value -> bool) (rounds e : nat) (h : history) : history :=
  match rounds with
  | 0 => h
  | S rounds => let found := val h in let h := Rec e :: h in
      if stop found (val h) then h else set_until stop rounds e h
  end.

Theorem successful_exchange_repeated :
  set_until no_news 5 A [] = [Rec A; Rec A] /\ set_until (fun _ _ => true) 5 A [] = [Rec A].
Proof. split; reflexivity. Qed.

(** 4. Sample marks as observed, although it returns the beginning. Then each error that is recorded, and each
    open, moves the counter, though no cursor stands anywhere. *)
Fixpoint opens (sample : value -> value) (n : nat) : value :=
  match n with
  | 0 => never_set
  | S n => sample (record A (opens sample n))
  end.

Theorem sample_that_marks n : counter (opens observe (S n)) = n.
Proof. induction n as [|n IH]; [reflexivity|]. simpl in *. now rewrite IH. Qed.

Theorem sample_that_only_loads n : counter (opens (fun v => v) n) = 0.
Proof.
  assert (observed (opens (fun v => v) n) = false /\ counter (opens (fun v => v) n) = 0) as H.
  { induction n as [|n [O C]]; simpl; auto. now rewrite O, C. }
  apply H.
Qed.

(** 5. No store when nothing changes. The second record of A finds A, unmarked, and writes nothing. So the
    history has no write of this recorder that anybody could acquire; and the observer, who is told of the
    first A, has no difference to find later. *)
Definition record_lazily (e : nat) (h : history) : history :=
  if (errno (val h) =? e) && negb (observed (val h)) then h else Rec e :: h.

Theorem no_store_no_release :
  let h := [Rec A] in
  record_lazily A h = h /\                                       (* nothing to acquire from *)
  no_news (val (Mark :: h)) (val (Mark :: record_lazily A h)) = true (* and no later report *).
Proof. split; reflexivity. Qed.

(** Ours writes also an equal value. Whoever reads the end of the history has acquired it. *)
Theorem equal_store_is_a_write : length (Rec A :: [Rec A]) = S (length [Rec A]).
Proof. reflexivity. Qed.

(** 6. A shared cursor that is stored, not exchanged. Two threads read it at the beginning, and A in the word.
    Both find a difference, both store the same position, and both return A. *)
Definition advance_by_store (cursor now : value) : nat * value :=
  if no_news cursor now then (0, cursor) else (errno now, mark now).

Theorem told_twice :
  let now := record A never_set in
  let (first, _) := advance_by_store never_set now in
  let (second, _) := advance_by_store never_set (mark now) in
  first = A /\ second = A.
Proof. split; reflexivity. Qed.
