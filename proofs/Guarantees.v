(* SPDX-License-Identifier: MIT *)
(** * The guarantees of errseq.h, for every reachable state of the machine

    [reachable M s]: any number of threads have made any calls, in any order, and some of them may
    never go on. [step M s l s']: one thread makes one more atomic step, and [l] says what its
    caller learns from it. Each theorem is about the step with which a call ends. *)

Require Import Arith List Lia Bool.
Require Import Word Machine.
Import ListNotations.

Section Guarantees.
Variable M : nat.

(** The k-th write of the history recorded the error e. *)
Definition recorded (h : history) (k e : nat) : Prop :=
  0 < k <= length h /\ past h k = Rec e :: past h (k - 1).

Lemma record_between h i j : i <= j -> j <= length h -> rank_at h i < rank_at h j ->
  exists k e, i < k <= j /\ recorded h k e.
Proof.
  intros L K. induction j as [|j IH]; intros R.
  - assert (i = 0) as -> by lia. lia.
  - destruct (Nat.eq_dec i (S j)) as [->|N]; [lia|].
    destruct (past_later h j (S j) ltac:(lia) K) as [d E].
    assert (length d = 1) as Ld.
    { pose proof (f_equal (@length _) E) as F.
      rewrite app_length, !past_length in F by lia. lia. }
    destruct d as [|w [|? ?]]; try discriminate Ld. simpl in E.
    destruct w as [e| |].
    + exists (S j), e. repeat split; try lia. now rewrite E, Nat.sub_1_r.
    + unfold rank_at in *. rewrite E in R. simpl in R.
      destruct IH as (k & e & ? & ?); try lia. exists k, e. split; auto; lia.
    + unfold rank_at in *. rewrite E in R. simpl in R.
      destruct IH as (k & e & ? & ?); try lia. exists k, e. split; auto; lia.
Qed.

Lemma record_moves_rank h i k e j : recorded h k e -> i < k <= j -> j <= length h ->
  rank_at h i < rank_at h j.
Proof.
  intros [B E] L K. pose proof (rank_grows h i (k - 1) ltac:(lia) ltac:(lia)).
  pose proof (rank_grows h k j ltac:(lia) K). unfold rank_at in *. rewrite E in *. simpl in *. lia.
Qed.

(** ** G1: nothing missed

    If a check or advance returns 0, no error that the thread had seen or heard of is newer than
    its position. [view s t] is at least as new as whatever happened before the call. *)
Theorem G1_nothing_missed s t i j s' k e : reachable M s -> step M s (Nothing t i j) s' ->
  recorded (hist s) k e -> i < k -> view s t < k.
Proof.
  intros R St Rec L. pose proof (always _ _ R) as [V W E I P]. inversion St; subst.
  apply Nat.lt_nge. intros C. assert (rank_at (hist s) i < rank_at (hist s) j)
    by (apply (record_moves_rank _ _ k e); auto; unfold now in *; lia).
  assert (rank_at (hist s) i = rank_at (hist s) j)
    by (apply (quiet_if_same M); auto; unfold now in *; lia). lia.
Qed.

(** And so it is for the shared cursor: its 0 is honest. *)
Theorem G1_shared s t m j s' k e : reachable M s -> step M s (SharedNothing t m j) s' ->
  recorded (hist s) k e -> entry (cursor s) m < k -> view s t < k.
Proof.
  intros R St Rec L. pose proof (always _ _ R) as [V W E I P]. inversion St; subst.
  match goal with H : at_place s t = _ |- _ => pose proof (P t) as S; rewrite H in S; simpl in S end.
  destruct S as [Sm Se]. destruct (E m Sm) as [Ep El]. unfold now in *.
  apply Nat.lt_nge. intros C.
  assert (rank_at (hist s) (entry (cursor s) m) < rank_at (hist s) j)
    by (apply (record_moves_rank _ _ k e); auto; lia).
  assert (rank_at (hist s) (entry (cursor s) m) = rank_at (hist s) j)
    by (apply (quiet_if_same M); auto; lia). lia.
Qed.

(** ** G2: once. G5: flags are not news

    An error is returned only if an error was recorded after the position. Advance then stands at
    or after that record, so that the next error it returns is another one. *)
Theorem G2_G5_told s t i j s' : reachable M s -> step M s (Told t i j) s' ->
  exists k e, i < k <= j /\ recorded (hist s) k e.
Proof.
  intros R St. pose proof (always _ _ R) as [V W E I P]. inversion St; subst.
  match goal with H : at_place s t = _ |- _ => pose proof (P t) as S; rewrite H in S; simpl in S end.
  pose proof (W t). apply record_between; unfold now in *; lia.
Qed.

Theorem G2_once s t i k s' : reachable M s -> step M s (Advanced t i k) s' ->
  position (hist s') k /\ k <= view s' t /\ exists r e, i < r <= k /\ recorded (hist s') r e.
Proof.
  intros R St. pose proof (always _ _ R) as [V W E I P]. pose proof (W t).
  pose proof (invariant_step _ _ _ _ (always _ _ R) St) as [V' W' E' I' P'].
  inversion St; subst;
    match goal with H : at_place s t = _ |- _ => pose proof (P t) as S; rewrite H in S; simpl in S end;
    destruct S as (Si & Sj & Sr); unfold now in *; simpl in *.
  - split; [now apply position_reported|]. unfold update. rewrite Nat.eqb_refl. split; [lia|].
    apply record_between; auto; lia.
  - split; [apply position_new; auto|]. unfold update. rewrite Nat.eqb_refl. split; [lia|].
    apply record_between; simpl; try lia. rewrite rank_stays, rank_new by lia. simpl.
    rewrite <- (rank_now (hist s)). pose proof (rank_grows (hist s) j (length (hist s))). lia.
Qed.

(** Advance marks as reported what it returns, and the shared cursor moves only to what was marked. *)
Theorem advance_reports s t i k s' : reachable M s -> step M s (Advanced t i k) s' ->
  reported (word (hist s') k) = true.
Proof. intros R St. inversion St; subst; simpl; auto. unfold now. now rewrite word_new. Qed.

Theorem shared_reports s t m k s' : reachable M s -> step M s (SharedTold t m k) s' ->
  reported (word (hist s') k) = true.
Proof.
  intros R St. pose proof (always _ _ R) as [V W E I P]. inversion St; subst. simpl.
  match goal with H : at_place s t = _ |- _ => pose proof (P t) as S; rewrite H in S; simpl in S end.
  tauto.
Qed.

(** What sample, peek and get return is a position: from there on, G1 holds. *)
Theorem positions s t i s' : reachable M s ->
  step M s (Peeked t i) s' \/ (exists j, step M s (Sampled t i j) s') \/
    (exists m, i = entry (cursor s) m /\ step M s (Got t m) s') ->
  position (hist s') i /\ i <= view s' t.
Proof.
  intros R St. pose proof (always _ _ R) as [V W E I P]. pose proof (W t).
  destruct St as [St|[[j St]|(m & -> & St)]]; inversion St; subst; simpl;
    unfold update, now in *; rewrite ?Nat.eqb_refl; split; auto; try lia.
  - apply position_new. auto.
  - destruct (reported (word (hist s) j)) eqn:Q; [now apply position_reported|now left].
  - destruct (reported (word (hist s) j)); lia.
  - apply E. lia.
Qed.

(** ** G3: owed to somebody

    Only these mark an error as reported: advance, which returns it; settle, which was told to; and
    an advance through the shared cursor, which goes on to return it, or finds that another call
    moved the cursor past it. *)
Theorem G3_who_marks s l s' : step M s l s' -> hist s' = Mark :: hist s ->
  (exists t i, l = Advanced t i (now s')) \/ (exists t i, l = Settled t i (now s')) \/
  (exists t m, at_place s' t = SharedMoves m (now s')).
Proof.
  intros St H. unfold now. rewrite H. simpl.
  assert (forall w : list write, w = Mark :: w -> False) as Never
    by (intros w Q; apply (f_equal (@length _)) in Q; simpl in Q; lia).
  inversion St; subst; simpl in H; try (now apply Never in H); try discriminate H; unfold now in *.
  - left. eauto.
  - right. right. exists t, m. simpl. unfold update. now rewrite Nat.eqb_refl.
  - right. left. eauto.
Qed.

(** If nothing has marked the latest error, sample starts at the beginning, *)
Theorem G3_sample_starts_before s t i j s' : step M s (Sampled t i j) s' ->
  reported (word (hist s) j) = false -> i = 0.
Proof. intros St R. inversion St; subst. rewrite R. reflexivity. Qed.

(** and a look from the beginning returns 0 only if nothing was ever recorded, as far as the thread knows. *)
Theorem G3_owed s t j s' k e : reachable M s -> step M s (Nothing t 0 j) s' ->
  recorded (hist s) k e -> view s t < k.
Proof. intros R St Rec. apply (G1_nothing_missed s t 0 j s' k e); auto. destruct Rec. lia. Qed.

(** ** G4: peek takes nothing

    What an observer is told depends on ranks, on the errno, and on what was marked as reported.
    None of these changes if every write of every peek is taken out of the history. *)
Definition erase (h : history) : history :=
  filter (fun w => match w with Obs => false | _ => true end) h.
Definition erased (h : history) (i : nat) : nat := length (erase (past h i)).

Lemma erase_app d h : erase (d ++ h) = erase d ++ erase h.
Proof. apply filter_app. Qed.

Lemma erase_same h : errno (val (erase h)) = errno (val h) /\
  reported (val (erase h)) = reported (val h) /\ rank (erase h) = rank h.
Proof. induction h as [|[] h (A & B & C)]; simpl; rewrite ?A, ?B, ?C; auto. Qed.

Lemma past_erase h i : i <= length h -> past (erase h) (erased h i) = erase (past h i).
Proof.
  intros L. destruct (past_later h i (length h) L (le_n _)) as [d E]. rewrite past_now in E.
  unfold erased. rewrite E at 1. rewrite erase_app. rewrite past_stays by auto. apply past_now.
Qed.

Definition told (h : history) (i j : nat) : nat :=
  if rank_at h i =? rank_at h j then 0 else errno (word h j).

Theorem G4_peek_takes_nothing h i j : i <= length h -> j <= length h ->
  told (erase h) (erased h i) (erased h j) = told h i j /\
  reported (word (erase h) (erased h j)) = reported (word h j).
Proof.
  intros L K. unfold told, rank_at, word. rewrite !past_erase by auto.
  destruct (erase_same (past h i)) as (_ & _ & ->). destruct (erase_same (past h j)) as (-> & -> & ->).
  auto.
Qed.

(** [told] is what a check returns. *)
Theorem check_returns_the_error s t i j s' : reachable M s -> step M s (Told t i j) s' ->
  told (hist s) i j = errno (word (hist s) j) /\ errno (word (hist s) j) <> 0.
Proof.
  intros R St. pose proof (always _ _ R) as [V W E I P]. inversion St; subst.
  match goal with H : at_place s t = _ |- _ => pose proof (P t) as S; rewrite H in S; simpl in S end.
  destruct S as (Si & Sj & Sr). split.
  - unfold told. destruct (Nat.eqb_spec (rank_at (hist s) i) (rank_at (hist s) j)); lia.
  - unfold word. rewrite errno_of_rank by now apply past_valid. unfold rank_at in *. lia.
Qed.

Theorem check_returns_0 s t i j s' : reachable M s -> step M s (Nothing t i j) s' ->
  told (hist s) i j = 0.
Proof.
  intros R St. pose proof (always _ _ R) as [V W E I P]. inversion St; subst.
  unfold told. rewrite (quiet_if_same M _ i j); auto; unfold now in *; try lia.
  now rewrite Nat.eqb_refl.
Qed.

(** ** G6: covered

    Whoever gets an error as of the value at j has acquired that value. Release.v: so it sees what
    was done before each record up to j. A record that it does not cover is newer than its position,
    and G1 says that the next call which can know of it returns an error. *)
Theorem G6_covered s t s' : reachable M s ->
  (forall i j, step M s (Told t i j) s' -> j <= acquired s' t) /\
  (forall i k, step M s (Advanced t i k) s' -> k <= acquired s' t) /\
  (forall i j, step M s (Sampled t i j) s' -> i <= j <= acquired s' t) /\
  (forall i, step M s (Peeked t i) s' -> i <= acquired s' t).
Proof.
  intros R. repeat split; intros; match goal with H : step _ _ _ _ |- _ => inversion H; subst end;
    simpl; unfold update; rewrite ?Nat.eqb_refl; unfold now in *; try lia;
    destruct (reported (word (hist s) j)); lia.
Qed.

(** The shared cursor: a thread that is about to move it has acquired the new position. *)
Theorem G6_shared s l s' t m k : step M s l s' -> at_place s t <> SharedMoves m k ->
  at_place s' t = SharedMoves m k -> k <= acquired s' t.
Proof.
  intros St Before After. inversion St; subst; simpl in *; unfold update in *;
    destruct (Nat.eqb_spec t t0); subst; try discriminate After; try contradiction;
    try (destruct (Nat.eqb_spec t t0); subst; try discriminate After; contradiction);
    inversion After; subst; rewrite ?Nat.eqb_refl; unfold now in *; lia.
Qed.

(** ** G7: latest

    The error is that of a value which the word had during the call: not older than what the thread
    had seen when the call began. Where the call marks the word, it is the latest of all. *)
Theorem G7_latest s l s' t i j : step M s l s' -> at_place s t = Outside ->
  at_place s' t = CheckFences i j \/ at_place s' t = AdvanceMarks i j -> view s t <= j <= now s.
Proof.
  intros St O A. inversion St; subst; simpl in *; unfold update in *;
    destruct (Nat.eqb_spec t t0); subst; rewrite ?O in A; destruct A as [A|A]; try discriminate A;
    inversion A; subst; auto; congruence.
Qed.

Theorem G7_marked s t i k s' : step M s (Advanced t i k) s' -> hist s' <> hist s ->
  k = now s' /\ word (hist s') k = mark (val (hist s)).
Proof.
  intros St D. inversion St; subst; simpl in *; [congruence|]. split; auto. apply word_new.
Qed.

(** ** G9: settled by name

    Settle marks the error of its position: no other was recorded since. *)
Theorem G9_settled_by_name s t i k s' : reachable M s -> step M s (Settled t i k) s' ->
  rank_at (hist s) i = rank (hist s) /\ hist s' = Mark :: hist s.
Proof.
  intros R St. pose proof (always _ _ R) as [V W E I P]. pose proof (W t). inversion St; subst.
  match goal with H : at_place s t = _ |- _ => pose proof (P t) as S; rewrite H in S; simpl in S end.
  destruct S as (Sp & Sj & Sr & Se & Sn). split; [|reflexivity]. rewrite <- rank_now.
  apply (quiet_if_same M); auto; unfold now in *; try lia; rewrite word_now; auto.
  match goal with H : truncate M _ = value_at M _ _ |- _ => unfold value_at, truncate in H; inversion H end.
  destruct (same_if_quiet M (hist s) i j) as [A B]; auto; try lia. split; congruence.
Qed.

(** A position from peek is not older than what the thread had seen, such as the shared cursor. So the
    header's rule for a move, get before peek, gives what [move_wins] asks for. *)
Theorem peek_is_not_older s t i s' : reachable M s -> step M s (Peeked t i) s' -> view s t <= i.
Proof.
  intros R St. pose proof (always _ _ R) as [V W E I P]. pose proof (W t).
  inversion St; subst; unfold now in *; lia.
Qed.

(** The second exchange is the last that can be needed: settle's loop of three is long enough. *)
Theorem settle_ends s t i j n : reachable M s -> at_place s t = Settles i j n -> n <= 1.
Proof.
  intros R H. pose proof (always _ _ R) as [V W E I P]. pose proof (P t) as S. rewrite H in S.
  destruct S as (_ & _ & _ & _ & Sn). unfold flags in Sn.
  destruct (reported (word (hist s) j)), (observed (word (hist s) j)); simpl in Sn; lia.
Qed.

(** ** The shared cursor

    It goes from error to error, each newer than the last. The call that moves it returns the error,
    so each error goes to one caller, and the cursor never goes back. *)
Theorem shared_one_caller s t m k s' : reachable M s ->
  step M s (SharedTold t m k) s' \/ step M s (Moved t m k) s' ->
  cursor s' = k :: cursor s /\ rank_at (hist s') (newest (cursor s)) < rank_at (hist s') k.
Proof.
  intros R St. pose proof (always _ _ R) as [V W E I P].
  assert (invariant s') as [V' W' E' I' P'] by
    (destruct St as [St|St]; apply (invariant_step _ _ _ _ (always _ _ R) St)).
  assert (cursor s' = k :: cursor s) as C by (destruct St as [St|St]; inversion St; subst; reflexivity).
  split; auto. pose proof (W t) as (_ & _ & Wc).
  rewrite C in I'. specialize (I' (length (cursor s) - 1) (length (cursor s))).
  rewrite entry_new, entry_stays in I' by lia. apply I'. simpl. lia.
Qed.

(** ** Two phases

    Peeking, comparing, delivering and moving a cursor mark nothing as reported. So whatever dies
    before settle, the error is owed still. *)
Theorem two_phases_owe s l s' : step M s l s' ->
  (exists t i, l = Peeked t i) \/ (exists t m, l = Got t m) \/ (exists t m k, l = Moved t m k) ->
  reported (val (hist s')) = reported (val (hist s)).
Proof.
  intros St H. inversion St; subst; simpl; auto;
    destruct H as [(? & ? & H)|[(? & ? & H)|(? & ? & ? & H)]]; discriminate H.
Qed.

End Guarantees.
