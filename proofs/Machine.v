(* SPDX-License-Identifier: MIT *)
(** * The machine: any number of threads, any calls, in any order

    One word and one shared cursor. Each step below is one atomic access of the shipped source
    (tests/proofs compares them). Threads take turns in any order, and a thread may stop for ever
    after any step: nothing here makes it go on. Other words and cursors change none of these.

    Memory is C11's, in the form that docs/evidence/proof.md justifies: every store is a
    read-modify-write, which extends a history at its end. A load returns any value that is not
    older than what its thread has seen. *)

Require Import Arith List Lia Bool.
Require Import Word.
Import ListNotations.

Section Machine.
Variable M : nat. (* the counter's modulus; 0: it never wraps *)

Definition thread := nat.

(** Where a thread stands inside a call, if it does. [i] is a position, [j] the time of the value
    that was loaded, [m] and [k] an entry of the shared cursor's history, and a new position. *)
Inductive place :=
| Outside
| PeekMarks (j : nat)
| CheckFences (i j : nat)
| AdvanceMarks (i j : nat)
| SharedLoads (m : nat)
| SharedMarks (m j : nat)
| SharedMoves (m k : nat)
| SharedReloads
| Settles (i j tries : nat).

Record state := State {
  hist : history;              (* the word's *)
  cursor : list nat;           (* positions of the shared cursor, newest first *)
  view : thread -> nat;        (* no load of the word returns an older value *)
  cview : thread -> nat;       (* no load of the cursor returns an older entry *)
  acquired : thread -> nat;    (* the latest value of the word that was acquired *)
  at_place : thread -> place
}.

Definition entry (c : list nat) (m : nat) : nat := nth (length c - S m) c 0.
Definition newest (c : list nat) : nat := entry c (length c - 1).
Definition now (s : state) : nat := length (hist s).

(** What a step tells the caller, or the reader of this proof. *)
Inductive label :=
| Silent
| Recorded (t k : nat)       (* the k-th write *)
| Sampled (t i j : nat)      (* position i, from the value at j *)
| Peeked (t i : nat)
| Told (t i j : nat)         (* check returns the error at j *)
| Nothing (t i j : nat)      (* check or advance returns 0: no error after i, as of j *)
| Advanced (t i k : nat)     (* advance returns the error at k, and k is the new position *)
| Got (t m : nat)            (* where the shared cursor stands *)
| SharedTold (t m k : nat)
| SharedNothing (t m j : nat)
| Moved (t m k : nat)
| Settled (t i k : nat)
| NotSettled (t i j : nat).

Definition update {A} (f : thread -> A) (t : thread) (x : A) : thread -> A :=
  fun u => if u =? t then x else f u.

(** Thread [t] acts: all that it may change. *)
Definition act (s : state) (t : thread) h c v cv a p : state :=
  State h c (update (view s) t v) (update (cview s) t cv) (update (acquired s) t a) (update (at_place s) t p).

(** The cursor in memory holds a value, and its exchange compares values. *)
Definition value_at (h : history) (i : nat) : value := truncate M (word h i).

Inductive step (s : state) : label -> state -> Prop :=

(* Threads may learn from each other in any other way: locks, messages, joins. *)
| learn t u : step s Silent
    (act s t (hist s) (cursor s) (max (view s t) (view s u)) (max (cview s t) (cview s u))
         (max (acquired s t) (acquired s u)) (at_place s t))

(* errseq_set: one exchange. Its loads and failed exchanges change nothing. *)
| set_exchanges t e : at_place s t = Outside -> e <> 0 -> step s (Recorded t (S (now s)))
    (act s t (Rec e :: hist s) (cursor s) (S (now s)) (cview s t) (acquired s t) Outside)

(* errseq_sample: one load, acquire. *)
| sample_loads t j : at_place s t = Outside -> view s t <= j <= now s ->
    step s (Sampled t (if reported (word (hist s) j) then j else 0) j)
    (act s t (hist s) (cursor s) j (cview s t) (max (acquired s t) j) Outside)

(* errseq_peek: a load, acquire; and if the value is not marked, an or, acquire. *)
| peek_loads_position t j : at_place s t = Outside -> view s t <= j <= now s ->
    position (hist s) j -> step s (Peeked t j)
    (act s t (hist s) (cursor s) j (cview s t) (max (acquired s t) j) Outside)
| peek_loads_unmarked t j : at_place s t = Outside -> view s t <= j <= now s ->
    errno (word (hist s) j) <> 0 -> step s Silent
    (act s t (hist s) (cursor s) j (cview s t) (max (acquired s t) j) (PeekMarks j))
| peek_marks t j : at_place s t = PeekMarks j -> step s (Peeked t (S (now s)))
    (act s t (Obs :: hist s) (cursor s) (S (now s)) (cview s t) (S (now s)) Outside)

(* errseq_check: a load; and if it differs, an acquire fence. *)
| check_same t i j : at_place s t = Outside -> position (hist s) i -> i <= view s t ->
    view s t <= j <= now s -> within_a_lap M (word (hist s) i) (word (hist s) j) ->
    same M (word (hist s) i) (word (hist s) j) -> step s (Nothing t i j)
    (act s t (hist s) (cursor s) j (cview s t) (acquired s t) Outside)
| check_differs t i j : at_place s t = Outside -> position (hist s) i -> i <= view s t ->
    view s t <= j <= now s -> ~ same M (word (hist s) i) (word (hist s) j) -> step s Silent
    (act s t (hist s) (cursor s) j (cview s t) (acquired s t) (CheckFences i j))
| check_fences t i j : at_place s t = CheckFences i j -> step s (Told t i j)
    (act s t (hist s) (cursor s) (view s t) (cview s t) (max (acquired s t) j) Outside)

(* errseq_check_and_advance: a load as check's; then a fence if both flags are there, else an or, acquire. *)
| advance_differs t i j : at_place s t = Outside -> position (hist s) i -> i <= view s t ->
    view s t <= j <= now s -> ~ same M (word (hist s) i) (word (hist s) j) -> step s Silent
    (act s t (hist s) (cursor s) j (cview s t) (acquired s t) (AdvanceMarks i j))
| advance_fences t i j : at_place s t = AdvanceMarks i j ->
    reported (word (hist s) j) = true -> step s (Advanced t i j)
    (act s t (hist s) (cursor s) (view s t) (cview s t) (max (acquired s t) j) Outside)
| advance_marks t i j : at_place s t = AdvanceMarks i j -> step s (Advanced t i (S (now s)))
    (act s t (Mark :: hist s) (cursor s) (S (now s)) (cview s t) (S (now s)) Outside)

(* errseq_shared_cursor_get: a load, acquire. Whoever moved the cursor had seen its position. *)
| get_loads t m : at_place s t = Outside -> cview s t <= m < length (cursor s) -> step s (Got t m)
    (act s t (hist s) (cursor s) (max (view s t) (entry (cursor s) m)) m (acquired s t) Outside)

(* errseq_check_and_advance_shared: the cursor, acquire; the word; then as advance; then the exchange. *)
| shared_loads_cursor t m : at_place s t = Outside \/ at_place s t = SharedReloads ->
    cview s t <= m < length (cursor s) -> step s Silent
    (act s t (hist s) (cursor s) (max (view s t) (entry (cursor s) m)) m (acquired s t) (SharedLoads m))
| shared_same t m j : at_place s t = SharedLoads m -> view s t <= j <= now s ->
    within_a_lap M (word (hist s) (entry (cursor s) m)) (word (hist s) j) ->
    same M (word (hist s) (entry (cursor s) m)) (word (hist s) j) -> step s (SharedNothing t m j)
    (act s t (hist s) (cursor s) j (cview s t) (acquired s t) Outside)
| shared_differs t m j : at_place s t = SharedLoads m -> view s t <= j <= now s ->
    ~ same M (word (hist s) (entry (cursor s) m)) (word (hist s) j) -> step s Silent
    (act s t (hist s) (cursor s) j (cview s t) (acquired s t) (SharedMarks m j))
| shared_fences t m j : at_place s t = SharedMarks m j ->
    reported (word (hist s) j) = true -> step s Silent
    (act s t (hist s) (cursor s) (view s t) (cview s t) (max (acquired s t) j) (SharedMoves m j))
| shared_marks t m j : at_place s t = SharedMarks m j -> step s Silent
    (act s t (Mark :: hist s) (cursor s) (S (now s)) (cview s t) (S (now s)) (SharedMoves m (S (now s))))
| shared_wins t m k : at_place s t = SharedMoves m k ->
    value_at (hist s) (newest (cursor s)) = value_at (hist s) (entry (cursor s) m) ->
    within_a_lap M (word (hist s) (entry (cursor s) m)) (val (hist s)) -> step s (SharedTold t m k)
    (act s t (hist s) (k :: cursor s) (view s t) (length (cursor s)) (acquired s t) Outside)
| shared_loses t m k : at_place s t = SharedMoves m k -> step s Silent
    (act s t (hist s) (cursor s) (view s t) (cview s t) (acquired s t) SharedReloads)

(* errseq_shared_cursor_move, as the header says to use it: get, then peek at [k], and they differ. *)
| move_wins t m k : at_place s t = Outside -> m < length (cursor s) -> position (hist s) k ->
    entry (cursor s) m <= k <= view s t ->
    ~ same M (word (hist s) (entry (cursor s) m)) (word (hist s) k) ->
    value_at (hist s) (newest (cursor s)) = value_at (hist s) (entry (cursor s) m) ->
    within_a_lap M (word (hist s) (entry (cursor s) m)) (val (hist s)) -> step s (Moved t m k)
    (act s t (hist s) (k :: cursor s) (view s t) (length (cursor s)) (acquired s t) Outside)

(* errseq_settle: a load; then at most three exchanges. A failed one is a load of another value. *)
| settle_same t i j : at_place s t = Outside -> position (hist s) i -> i <= view s t ->
    view s t <= j <= now s -> within_a_lap M (word (hist s) i) (word (hist s) j) ->
    same M (word (hist s) i) (word (hist s) j) -> errno (word (hist s) j) <> 0 -> step s Silent
    (act s t (hist s) (cursor s) j (cview s t) (acquired s t) (Settles i j 0))
| settle_differs t i j : at_place s t = Outside -> position (hist s) i -> i <= view s t ->
    view s t <= j <= now s -> ~ same M (word (hist s) i) (word (hist s) j) ->
    step s (NotSettled t i j)
    (act s t (hist s) (cursor s) j (cview s t) (acquired s t) Outside)
| settle_marks t i j n : at_place s t = Settles i j n ->
    truncate M (val (hist s)) = value_at (hist s) j ->
    within_a_lap M (word (hist s) i) (val (hist s)) -> step s (Settled t i (S (now s)))
    (act s t (Mark :: hist s) (cursor s) (S (now s)) (cview s t) (acquired s t) Outside)
| settle_retries t i j j' n : at_place s t = Settles i j n -> view s t <= j' <= now s ->
    value_at (hist s) j' <> value_at (hist s) j ->
    within_a_lap M (word (hist s) i) (word (hist s) j') ->
    same M (word (hist s) i) (word (hist s) j') -> step s Silent
    (act s t (hist s) (cursor s) j' (cview s t) (acquired s t) (Settles i j' (S n)))
| settle_gives_up t i j j' n : at_place s t = Settles i j n -> view s t <= j' <= now s ->
    ~ same M (word (hist s) i) (word (hist s) j') -> step s (NotSettled t i j')
    (act s t (hist s) (cursor s) j' (cview s t) (acquired s t) Outside).

(** The word is new, and the shared cursor stands at the beginning. *)
Definition initial (s : state) : Prop :=
  hist s = [] /\ cursor s = [0] /\
  forall t, view s t = 0 /\ cview s t = 0 /\ acquired s t = 0 /\ at_place s t = Outside.

Inductive reachable : state -> Prop :=
| starts s : initial s -> reachable s
| goes_on s l s' : reachable s -> step s l s' -> reachable s'.

(** ** What holds in every reachable state *)

Definition flags (v : value) : nat := Nat.b2n (reported v) + Nat.b2n (observed v).

(** What a thread inside a call may rely on. *)
Definition sound (h : history) (c : list nat) (v cv : nat) (p : place) : Prop :=
  match p with
  | Outside | SharedReloads => True
  | PeekMarks j => j <= v /\ errno (word h j) <> 0
  | CheckFences i j | AdvanceMarks i j =>
      position h i /\ i <= j <= v /\ rank_at h i < rank_at h j
  | SharedLoads m => m < length c /\ entry c m <= v
  | SharedMarks m j => m < length c /\ j <= v /\ rank_at h (entry c m) < rank_at h j
  | SharedMoves m k => m < length c /\ reported (word h k) = true /\ k <= v /\
      rank_at h (entry c m) < rank_at h k
  | Settles i j n => position h i /\ i <= j <= v /\ rank_at h i = rank_at h j /\
      errno (word h j) <> 0 /\ n < flags (word h j)
  end.

Record invariant (s : state) : Prop := Invariant {
  valid_history : valid (hist s);
  views : forall t, view s t <= now s /\ acquired s t <= now s /\ cview s t < length (cursor s);
  entries : forall m, m < length (cursor s) ->
    position (hist s) (entry (cursor s) m) /\ entry (cursor s) m <= now s;
  increasing : forall m n, m < n < length (cursor s) ->
    rank_at (hist s) (entry (cursor s) m) < rank_at (hist s) (entry (cursor s) n);
  places : forall t, sound (hist s) (cursor s) (view s t) (cview s t) (at_place s t)
}.

Lemma word_stays w h i : i <= length h -> word (w :: h) i = word h i.
Proof. intros. unfold word. change (w :: h) with ([w] ++ h). now rewrite past_stays. Qed.

Lemma rank_stays w h i : i <= length h -> rank_at (w :: h) i = rank_at h i.
Proof. intros. unfold rank_at. change (w :: h) with ([w] ++ h). now rewrite past_stays. Qed.

Lemma word_now h : word h (length h) = val h.
Proof. unfold word. now rewrite past_now. Qed.

Lemma word_new w h : word (w :: h) (S (length h)) = val (w :: h).
Proof. exact (word_now (w :: h)). Qed.

Lemma rank_now h : rank_at h (length h) = rank h.
Proof. unfold rank_at. now rewrite past_now. Qed.

Lemma rank_new w h : rank_at (w :: h) (S (length h)) = rank (w :: h).
Proof. exact (rank_now (w :: h)). Qed.

Lemma entry_stays k c m : m < length c -> entry (k :: c) m = entry c m.
Proof.
  intros L. unfold entry. simpl length. replace (S (length c) - S m) with (S (length c - S m)) by lia.
  reflexivity.
Qed.

Lemma entry_new k c : entry (k :: c) (length c) = k.
Proof. unfold entry. simpl length. now rewrite Nat.sub_diag. Qed.

(** A difference to an earlier position is an error in between. *)
Lemma differs_by_rank h i j : i <= j -> j <= length h ->
  ~ same M (word h i) (word h j) -> rank_at h i < rank_at h j.
Proof.
  intros L K D. pose proof (rank_grows h i j L K).
  destruct (Nat.eq_dec (rank_at h i) (rank_at h j)) as [E|E]; [|lia].
  destruct D. now apply same_if_quiet.
Qed.

Lemma error_at h i j : valid h -> i <= j -> j <= length h ->
  errno (word h i) <> 0 -> errno (word h j) <> 0.
Proof.
  intros V L K E. pose proof (rank_grows h i j L K). unfold rank_at, word in *.
  rewrite errno_of_rank in * by now apply past_valid. lia.
Qed.

Lemma later_errors h i j : valid h -> i <= j -> j <= length h ->
  rank_at h i < rank_at h j -> errno (val h) <> 0.
Proof.
  intros V L K R. pose proof (rank_grows h j (length h) K (le_n _)).
  rewrite rank_now in *. rewrite errno_of_rank by assumption. lia.
Qed.

Lemma sound_stays w h c v cv p : valid h -> v <= length h ->
  (forall m, m < length c -> entry c m <= length h) ->
  sound h c v cv p -> sound (w :: h) c v cv p.
Proof.
  intros V L C S. destruct p; simpl in *; auto; unfold position in *;
    repeat match goal with
      | H : _ /\ _ |- _ => destruct H
      | H : ?m < length c |- _ => match goal with
          | K : entry c m <= length h |- _ => fail 1
          | _ => pose proof (C m H) end
      end;
    rewrite ?word_stays, ?rank_stays by lia; repeat split; auto; lia.
Qed.

Lemma sound_more_cursor k h c v cv p : sound h c v cv p -> sound h (k :: c) v cv p.
Proof.
  intros S. destruct p; simpl in *; auto;
    repeat match goal with H : _ /\ _ |- _ => destruct H end;
    rewrite ?entry_stays by lia; repeat split; auto; lia.
Qed.

(** Whatever a thread does has one of these effects on what is shared. *)
Lemma invariant_acts s t h c v cv a p : invariant s ->
  h = hist s \/ (exists w, h = w :: hist s /\ valid h) ->
  c = cursor s \/ (exists k, c = k :: cursor s /\ h = hist s /\ position h k /\ k <= length h /\
    rank_at h (newest (cursor s)) < rank_at h k) ->
  v <= length h -> a <= length h -> cv < length c -> sound h c v cv p ->
  invariant (act s t h c v cv a p).
Proof.
  intros [V W E I P] H C Lv La Lc S.
  assert (0 < length (cursor s)) as C0 by (specialize (W t); lia).
  assert (length (hist s) <= length h) as Hl by (destruct H as [->|[w [-> _]]]; simpl; lia).
  assert (length (cursor s) <= length c) as Cl by (destruct C as [->|[k [-> _]]]; simpl; lia).
  assert (forall i, i <= length (hist s) -> word h i = word (hist s) i) as Hw
    by (intros i Hi; destruct H as [->|[w [-> _]]]; [auto|now apply word_stays]).
  assert (forall i, i <= length (hist s) -> rank_at h i = rank_at (hist s) i) as Hr
    by (intros i Hi; destruct H as [->|[w [-> _]]]; [auto|now apply rank_stays]).
  constructor; unfold now in *; simpl.
  - destruct H as [->|[w [-> Hv]]]; auto.
  - intros u. unfold update. destruct (u =? t); [auto|]. specialize (W u). lia.
  - intros m Hm. destruct C as [->|[k (-> & -> & Pk & Lk & _)]].
    + destruct (E m Hm) as [Ep El]. split; [|lia]. unfold position in *. now rewrite Hw.
    + simpl in Hm. destruct (Nat.eq_dec m (length (cursor s))) as [->|N].
      * rewrite entry_new. auto.
      * rewrite entry_stays by lia. apply E. lia.
  - intros m n Hm. destruct C as [->|[k (-> & -> & Pk & Lk & R)]].
    + rewrite !Hr by (apply E; lia). now apply I.
    + simpl in Hm. rewrite (entry_stays k (cursor s) m) by lia.
      destruct (Nat.eq_dec n (length (cursor s))) as [->|N].
      * rewrite entry_new. apply Nat.le_lt_trans with (2 := R). unfold newest.
        destruct (Nat.eq_dec m (length (cursor s) - 1)) as [->|N]; [lia|].
        apply Nat.lt_le_incl. apply I. lia.
      * rewrite entry_stays by lia. apply I. lia.
  - intros u. unfold update. destruct (u =? t); [exact S|].
    assert (sound h (cursor s) (view s u) (cview s u) (at_place s u)).
    { destruct H as [->|[w [-> _]]]; [apply P|]. apply sound_stays; auto; [apply W|].
      intros. now apply E. }
    destruct C as [->|[k [-> _]]]; auto. now apply sound_more_cursor.
Qed.

(** The exchange of the cursor compares values. Within a lap, equal values are equal ranks. *)
Lemma same_entry s m : invariant s -> m < length (cursor s) ->
  value_at (hist s) (newest (cursor s)) = value_at (hist s) (entry (cursor s) m) ->
  within_a_lap M (word (hist s) (entry (cursor s) m)) (val (hist s)) ->
  rank_at (hist s) (newest (cursor s)) = rank_at (hist s) (entry (cursor s) m).
Proof.
  intros [V W E I P] Hm Eq Lap. unfold newest in *.
  destruct (Nat.eq_dec m (length (cursor s) - 1)) as [->|N]; [reflexivity|].
  destruct (E m Hm) as [Pm Lm]. destruct (E (length (cursor s) - 1) ltac:(lia)) as [Pn Ln].
  pose proof (I m (length (cursor s) - 1) ltac:(lia)) as R.
  set (n := entry (cursor s) (length (cursor s) - 1)) in *. set (i := entry (cursor s) m) in *.
  assert (i <= n) as L. { destruct (le_lt_dec i n) as [?|G]; auto.
    pose proof (rank_grows (hist s) n i ltac:(lia) Lm). lia. }
  symmetry. apply (quiet_if_same M); auto.
  - assert (counter (word (hist s) n) <= counter (val (hist s))) as G.
    { destruct (past_later (hist s) n (now s) Ln (le_n _)) as [d D].
      unfold now in D. rewrite past_now in D.
      pose proof (counter_grows d (past (hist s) n)) as G. rewrite <- D in G. exact G. }
    unfold within_a_lap in *. lia.
  - unfold value_at, truncate in Eq. inversion Eq. split; congruence.
Qed.

(** ** Each step keeps the invariant *)

Lemma invariant_initial s : initial s -> invariant s.
Proof.
  intros (H & C & T). constructor; unfold now; rewrite ?H, ?C; simpl; auto.
  - intros t. destruct (T t) as (-> & -> & -> & _). lia.
  - intros m L. assert (m = 0) as -> by lia. split; [now left|auto].
  - lia.
  - intros t. destruct (T t) as (_ & _ & _ & ->). exact I.
Qed.

(** A position stays one. The end of a history is one, if its newest write marks. *)
Lemma position_new w h : w = Obs \/ w = Mark -> position (w :: h) (S (length h)).
Proof. intros [-> | ->]; right; rewrite word_new; reflexivity. Qed.

Lemma position_reported h j : reported (word h j) = true -> position h j.
Proof. intros R. right. now apply reported_is_observed. Qed.

Lemma flags_grow h j j' : j <= j' -> j' <= length h -> rank_at h j = rank_at h j' ->
  value_at h j' <> value_at h j -> flags (word h j) < flags (word h j').
Proof.
  intros L K R D. destruct (past_later h j j' L K) as [d E].
  unfold rank_at in R. rewrite E, rank_app in R. unfold value_at, word in *. rewrite E in *.
  destruct (quiet d (past h j) ltac:(lia)) as (A & B & C & F).
  unfold flags, truncate in *. rewrite A, B in D.
  destruct (reported (val (past h j))), (reported (val (d ++ past h j))),
    (observed (val (past h j))), (observed (val (d ++ past h j))); simpl;
    try lia; try tauto; try (specialize (C eq_refl)); try (specialize (F eq_refl)); congruence.
Qed.

Lemma sound_more_view h c v v' cv cv' p : v <= v' -> sound h c v cv p -> sound h c v' cv' p.
Proof.
  intros L S. destruct p; simpl in *; auto; repeat match goal with H : _ /\ _ |- _ => destruct H end;
    repeat split; auto; lia.
Qed.

Lemma observed_at h i j : valid h -> position h i -> i <= j -> j <= length h ->
  rank_at h i = rank_at h j -> errno (word h j) <> 0 -> 0 < flags (word h j).
Proof.
  intros V [-> | O] L K R N.
  - destruct N. unfold word. rewrite errno_of_rank by now apply past_valid.
    unfold rank_at in *. now rewrite past_start in R.
  - destruct (past_later h i j L K) as [d E]. unfold rank_at, word in *. rewrite E, rank_app in *.
    destruct (quiet d (past h i) ltac:(lia)) as (_ & _ & C & _).
    unfold flags. rewrite (C O). simpl. lia.
Qed.

Theorem invariant_step s l s' : invariant s -> step s l s' -> invariant s'.
Proof.
  intros Inv St. pose proof Inv as [V W E I P]. unfold now in *.
  destruct St;
    match goal with |- invariant (act _ ?x _ _ _ _ _ _) =>
      pose proof (W x) as (Wv & Wa & Wc); pose proof (P x) as S end;
    try (match goal with H : at_place s _ = _ |- _ => rewrite H in S; simpl in S end);
    apply invariant_acts; auto; unfold now in *; simpl; auto; try lia;
    try (right; eexists; split; [reflexivity|]; simpl; auto; fail).
  (* what is not at once clear *)
  - (* learn *) destruct (W u). lia.
  - destruct (W u). lia.
  - destruct (W u). lia.
  - apply (sound_more_view _ _ (view s t) _ (cview s t)); [lia|exact S].
  - (* peek_marks *) right. exists Obs. repeat split; auto. destruct S as [Sj Se].
    rewrite <- word_now. apply (error_at _ j); auto; lia.
  - (* check_differs *) repeat split; auto; try lia. apply differs_by_rank; auto; lia.
  - (* advance_differs *) repeat split; auto; try lia. apply differs_by_rank; auto; lia.
  - (* advance_marks *) right. exists Mark. repeat split; auto. destruct S as (Si & Sj & Sr).
    apply (later_errors _ i j); auto; lia.
  - (* get_loads *) destruct (E m ltac:(lia)). lia.
  - (* shared_loads_cursor *) destruct (E m ltac:(lia)). lia.
  - (* shared_differs *) repeat split; try lia. apply differs_by_rank; auto; lia.
  - (* shared_fences *) destruct S as (Sm & Sj & Sr). repeat split; auto.
  - (* shared_marks *) right. exists Mark. repeat split; auto. destruct S as (Sm & Sj & Sr).
    destruct (E m Sm) as [Ep El].
    apply (later_errors _ (entry (cursor s) m) j); auto; [|lia].
    destruct (le_lt_dec (entry (cursor s) m) j); auto.
    pose proof (rank_grows (hist s) j (entry (cursor s) m) ltac:(lia) El). lia.
  - destruct S as (Sm & Sj & Sr). destruct (E m Sm) as [Ep El]. repeat split; auto.
    + now rewrite word_new.
    + rewrite rank_stays by auto. rewrite rank_new. simpl. rewrite <- (rank_now (hist s)).
      pose proof (rank_grows (hist s) j (length (hist s)) ltac:(lia) (le_n _)). lia.
  - (* shared_wins *) right. exists k. destruct S as (Sm & Sp & Sk & Sr).
    repeat split; auto; [now apply position_reported|lia|]. rewrite (same_entry s m); auto.
  - (* move_wins *) right. exists k. repeat split; auto; [lia|]. rewrite (same_entry s m); auto.
    apply differs_by_rank; auto; lia.
  - (* settle_same *)
    assert (rank_at (hist s) i = rank_at (hist s) j) by (apply (quiet_if_same M); auto; lia).
    repeat split; auto; try lia. apply (observed_at _ i); auto; lia.
  - (* settle_marks *) right. exists Mark. repeat split; auto. destruct S as (Sp & Sj & Sr & Se & Sn).
    rewrite <- word_now. apply (error_at _ j); auto; lia.
  - (* settle_retries *) destruct S as (Sp & Sj & Sr & Se & Sn).
    assert (rank_at (hist s) i = rank_at (hist s) j') by (apply (quiet_if_same M); auto; lia).
    repeat split; auto; try lia; [apply (error_at _ j); auto; lia|].
    assert (flags (word (hist s) j) < flags (word (hist s) j')); [|lia].
    apply flags_grow; auto; try lia; congruence.
Qed.

Theorem always s : reachable s -> invariant s.
Proof. induction 1; [now apply invariant_initial|now apply (invariant_step s l)]. Qed.

End Machine.
