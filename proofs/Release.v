(* SPDX-License-Identifier: MIT *)
(** * Why C11's memory model comes down to the machine

    A word's modification order is a list of side effects (C11 5.1.2.4, paragraph 7). Number 0 is its
    initialisation. All others are read-modify-writes: the source has no other store, and the test
    proofs.tie looks. *)

Require Import Arith List Lia.
Import ListNotations.

Record side_effect := SideEffect { thread_of : nat; read_modify_write : Prop; releases : Prop }.

Section ModificationOrder.
Variable order : list side_effect.
Definition effect (k : nat) := nth k order (SideEffect 0 True False).

(** Paragraph 10: the first is a release; each one that follows is by the same thread, or is a
    read-modify-write. [k] belongs to the sequence that [head] begins. *)
Definition in_release_sequence (head k : nat) : Prop :=
  head <= k < length order /\ releases (effect head) /\
  forall x, head < x <= k -> thread_of (effect x) = thread_of (effect head) \/ read_modify_write (effect x).

(** Paragraph 11, and for fences 7.17.4, paragraph 4: a release synchronises with an acquire that
    reads from its release sequence. *)
Definition synchronises (head read : nat) : Prop := in_release_sequence head read.

Hypothesis only_read_modify_writes : forall k, 0 < k < length order -> read_modify_write (effect k).

(** So an acquire of the value at [j] synchronises with every release up to [j], and not only with the
    one that it reads. This is what [acquired] in Machine.v stands for. *)
Theorem acquires_every_record j k : 0 < k <= j -> j < length order ->
  releases (effect k) -> synchronises k j.
Proof.
  intros B L R. repeat split; auto; try lia.
  intros x X. right. apply only_read_modify_writes. lia.
Qed.

(** If one record in the middle were a plain store by another thread, it would not. *)
End ModificationOrder.

Theorem a_plain_store_breaks_it :
  let recorder t := SideEffect t True True in
  let order := [SideEffect 0 False False; recorder 1; SideEffect 2 False True; recorder 3] in
  ~ synchronises order 1 3.
Proof.
  intros recorder order (_ & _ & H). destruct (H 2 ltac:(lia)) as [E|E]; [discriminate E|exact E].
Qed.
