(* SPDX-License-Identifier: MIT *)
(** * The word: its values, what each call writes, and the invariant over its history

    Every write to a word, after its initialisation, is one of three read-modify-writes:
    errseq_set records an error, peek marks the value as observed, and advance or settle mark it
    as reported (and observed). So the history of a word is a list of these three. The newest is
    first in the list, and an earlier history is a tail of a later one. *)

Require Import Arith List Lia Bool.
Import ListNotations.

(** ** Values *)

Record value := Value { errno : nat; reported : bool; observed : bool; counter : nat }.

Definition never_set := Value 0 false false 0.

(** What each write leaves in the word, as a function of what it finds there. *)
Definition record (e : nat) (v : value) : value :=
  Value e false false (if observed v then S (counter v) else counter v).
Definition observe (v : value) : value := Value (errno v) (reported v) true (counter v).
Definition mark (v : value) : value := Value (errno v) true true (counter v).

(** ** Histories *)

Inductive write := Rec (e : nat) | Obs | Mark.
Definition history := list write.

Fixpoint val (h : history) : value :=
  match h with
  | [] => never_set
  | Rec e :: h => record e (val h)
  | Obs :: h => observe (val h)
  | Mark :: h => mark (val h)
  end.

(** An errno is not 0, and nobody marks a word that was never set. *)
Fixpoint valid (h : history) : Prop :=
  match h with
  | [] => True
  | Rec e :: h => e <> 0 /\ valid h
  | _ :: h => errno (val h) <> 0 /\ valid h
  end.

(** How many errors were recorded. Two times with the same rank have no error between them. *)
Fixpoint rank (h : history) : nat :=
  match h with
  | [] => 0
  | Rec _ :: h => S (rank h)
  | _ :: h => rank h
  end.

(** ** One invariant, over each pair of times

    [d ++ h] is the history at a later time, [h] at an earlier one. *)

Lemma valid_tail d h : valid (d ++ h) -> valid h.
Proof. induction d as [|[] d IH]; simpl; tauto. Qed.

Lemma rank_app d h : rank (d ++ h) = rank d + rank h.
Proof. induction d as [|[] d IH]; simpl; lia. Qed.

(** The counter never goes back, and never by more than the number of errors. *)
Lemma counter_grows d h : counter (val h) <= counter (val (d ++ h)).
Proof.
  induction d as [|[] d IH]; simpl; try lia; destruct (observed (val (d ++ h))); lia.
Qed.

Lemma counter_below_rank d h : counter (val (d ++ h)) <= counter (val h) + rank d.
Proof.
  induction d as [|[] d IH]; simpl; try lia; destruct (observed (val (d ++ h))); lia.
Qed.

(** Without an error in between, only the flags change, and they only grow. *)
Lemma quiet d h : rank d = 0 ->
  errno (val (d ++ h)) = errno (val h) /\ counter (val (d ++ h)) = counter (val h) /\
  (observed (val h) = true -> observed (val (d ++ h)) = true) /\
  (reported (val h) = true -> reported (val (d ++ h)) = true).
Proof.
  induction d as [|[] d IH]; simpl; intros E; try discriminate; try tauto;
    destruct (IH E) as (? & ? & ? & ?); repeat split; auto.
Qed.

(** From a value that is marked as observed, the next error moves the counter. *)
Lemma moves d h : observed (val h) = true -> rank d > 0 ->
  counter (val h) < counter (val (d ++ h)).
Proof.
  induction d as [|w d IH]; simpl; intros O P; try lia.
  destruct w; simpl in *; auto.
  destruct (Nat.eq_dec (rank d) 0) as [Z|Z].
  - destruct (quiet d h Z) as (_ & C & K & _). rewrite (K O). lia.
  - specialize (IH O ltac:(lia)). destruct (observed (val (d ++ h))); lia.
Qed.

(** The errno is 0 only as long as nothing was ever recorded. *)
Lemma errno_of_rank h : valid h -> (errno (val h) = 0 <-> rank h = 0).
Proof.
  induction h as [|[] h IH]; simpl; intros V; try tauto; try (split; lia);
    destruct V as [V1 V2]; split; intros; try lia; apply IH in V2; tauto.
Qed.

Lemma never_set_at_rank_0 h : valid h -> rank h = 0 -> h = [].
Proof.
  destruct h as [|[] h]; simpl; intros V R; auto; try discriminate;
    destruct V as [V1 V2]; apply (errno_of_rank h) in V2; tauto.
Qed.

(** A value says reported only if it says observed. *)
Lemma reported_is_observed h : reported (val h) = true -> observed (val h) = true.
Proof. induction h as [|[] h IH]; simpl; auto; discriminate. Qed.

(** ** Times: how many writes the word has had *)

Definition past (h : history) (i : nat) : history := skipn (length h - i) h.
Definition word (h : history) (i : nat) : value := val (past h i).
Definition rank_at (h : history) (i : nat) : nat := rank (past h i).

Lemma past_now h : past h (length h) = h.
Proof. unfold past. now rewrite Nat.sub_diag. Qed.

Lemma past_start h : past h 0 = [].
Proof. unfold past. rewrite Nat.sub_0_r. apply skipn_all. Qed.

Lemma past_length h i : i <= length h -> length (past h i) = i.
Proof. unfold past. rewrite skipn_length. lia. Qed.

(** What has happened does not change. *)
Lemma past_stays d h i : i <= length h -> past (d ++ h) i = past h i.
Proof.
  unfold past. intros L. rewrite app_length, skipn_app.
  rewrite (skipn_all2 d) by lia. simpl. f_equal. lia.
Qed.

Lemma skip_twice {A} m n (l : list A) : skipn m (skipn n l) = skipn (m + n) l.
Proof.
  revert l. induction n as [|n IH]; intros l; [now rewrite Nat.add_0_r|].
  destruct l; rewrite Nat.add_succ_r; simpl; [now destruct m|apply IH].
Qed.

Lemma past_later h i j : i <= j -> j <= length h -> exists d, past h j = d ++ past h i.
Proof.
  intros L K. exists (firstn (j - i) (past h j)).
  replace (past h i) with (skipn (j - i) (past h j)); [now rewrite firstn_skipn|].
  unfold past. rewrite skip_twice. f_equal. lia.
Qed.

Lemma past_valid h i : valid h -> valid (past h i).
Proof.
  intros V. unfold past. apply (valid_tail (firstn (length h - i) h)). now rewrite firstn_skipn.
Qed.

Lemma rank_grows h i j : i <= j -> j <= length h -> rank_at h i <= rank_at h j.
Proof.
  intros L K. destruct (past_later h i j L K) as [d E]. unfold rank_at.
  rewrite E, rank_app. lia.
Qed.

(** ** What a check compares

    [M] is the counter's modulus: 2^18 or 2^50. 0 stands for a counter that never wraps, because in Coq
    [n mod 0] is [n]. The word in memory holds the counter modulo M. *)

Definition same (M : nat) (a b : value) : Prop :=
  errno a = errno b /\ counter a mod M = counter b mod M.

Definition same_dec M a b : {same M a b} + {~ same M a b}.
Proof.
  unfold same. destruct (Nat.eq_dec (errno a) (errno b));
    destruct (Nat.eq_dec (counter a mod M) (counter b mod M)); tauto.
Defined.

(** What is stored modulo M is enough to go on: each write commutes with the truncation. *)
Definition truncate (M : nat) (v : value) : value :=
  Value (errno v) (reported v) (observed v) (counter v mod M).

Lemma truncated_writes M e v :
  truncate M (record e v) = truncate M (record e (truncate M v)) /\
  truncate M (observe v) = observe (truncate M v) /\ truncate M (mark v) = mark (truncate M v).
Proof.
  unfold truncate, record; simpl. repeat split. f_equal.
  destruct (observed v); destruct M as [|M]; simpl; auto.
  - change (S (counter v) mod S M = S (counter v mod S M) mod S M).
    rewrite <- Nat.add_1_r, <- (Nat.add_1_r (counter v mod S M)).
    now rewrite Nat.add_mod_idemp_l.
  - change (counter v mod S M = (counter v mod S M) mod S M). now rewrite Nat.mod_mod.
Qed.

(** A position is the beginning, or a time at which the word was marked as observed. *)
Definition position (h : history) (i : nat) : Prop := i = 0 \/ observed (word h i) = true.

(** The counter moved less than a lap since. *)
Definition within_a_lap (M : nat) (a b : value) : Prop := M = 0 \/ counter b < counter a + M.

Lemma mod_injective M a b : a <= b -> M = 0 \/ b < a + M -> a mod M = b mod M -> a = b.
Proof.
  intros L [->|W] E; [exact E|].
  destruct (Nat.eq_dec M 0) as [->|Z]; [exact E|].
  pose proof (Nat.div_mod a M Z). pose proof (Nat.div_mod b M Z).
  assert (a / M = b / M \/ a / M < b / M \/ b / M < a / M) as [Q|[Q|Q]] by lia; nia.
Qed.

(** Where nothing was recorded in between, a check finds no difference: no lap matters here. *)
Theorem same_if_quiet M h i j : i <= j -> j <= length h ->
  rank_at h i = rank_at h j -> same M (word h i) (word h j).
Proof.
  intros L K R. destruct (past_later h i j L K) as [d E].
  unfold rank_at in R. rewrite E, rank_app in R.
  unfold word. rewrite E. destruct (quiet d (past h i) ltac:(lia)) as (A & B & _).
  split; congruence.
Qed.

(** Where a check from a position finds no difference, nothing was recorded in between. *)
Theorem quiet_if_same M h i j : valid h -> i <= j -> j <= length h -> position h i ->
  within_a_lap M (word h i) (word h j) ->
  same M (word h i) (word h j) -> rank_at h i = rank_at h j.
Proof.
  intros V L K P W [Se Sc]. destruct (past_later h i j L K) as [d E].
  unfold rank_at, word in *. rewrite E in *. rewrite rank_app.
  destruct (Nat.eq_dec (rank d) 0) as [Z|Z]; [lia|exfalso].
  destruct P as [->|O].
  - rewrite past_start in *. simpl in Se. symmetry in Se.
    assert (valid (d ++ [])) as V' by (rewrite <- E; now apply past_valid).
    apply (errno_of_rank _ V') in Se. rewrite rank_app in Se. lia.
  - pose proof (moves d (past h i) O ltac:(lia)).
    pose proof (mod_injective M _ _ ltac:(apply (counter_grows d)) W Sc). lia.
Qed.

(** The lap is exact. After as many steps of the counter as it has values, all of them errors that
    others were told of, a check from the old position finds the same value, and misses them all. *)
Fixpoint laps (n : nat) : history :=
  match n with 0 => [Mark; Rec 5] | S n => Mark :: Rec 5 :: laps n end.

Theorem lap_is_sharp M : M <> 0 ->
  same M (val (laps 0)) (val (laps M)) /\ rank (laps M) = rank (laps 0) + M.
Proof.
  intros Z.
  assert (forall n, errno (val (laps n)) = 5 /\ counter (val (laps n)) = n /\
    observed (val (laps n)) = true /\ rank (laps n) = S n) as H.
  { induction n as [|n (A & B & C & D)]; simpl; auto. rewrite C, B, D. auto. }
  destruct (H 0) as (A0 & B0 & _ & D0). destruct (H M) as (A1 & B1 & _ & D1).
  unfold same. rewrite A0, B0, D0, A1, B1, D1. repeat split; try lia.
  rewrite Nat.mod_0_l, Nat.mod_same; auto.
Qed.
