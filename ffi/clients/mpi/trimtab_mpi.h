/* trimtab_mpi: moments of sharded gradients, merged over the ranks of a communicator.
 *
 *     trimtab_mpi world;
 *     trimtab_mpi_create(MPI_COMM_WORLD, n, &world);            once
 *
 *     trimtab_status status = trimtab_observe(grads, n);        reads this rank's shards
 *     trimtab_mpi_merge(&world, grads, &status);                one all-reduce: now every rank knows the whole
 *     if (status == TRIMTAB_OK) status = trimtab_clip_norm(1.0, TRIMTAB_SCOPE_GLOBAL, grads, n);
 *     if (status == TRIMTAB_OK) status = trimtab_apply(grads, n);    writes this rank's shards
 *
 *     trimtab_mpi_free(&world);                                 before MPI_Finalize
 *
 * Every rank describes every tensor, in the same order and with the same dtype and role; where it owns no element of
 * one, len is 0. Deciding is local: with the same moments, configurations and states every rank decides the same.
 *
 * The same bits on every rank, in every run, by any algorithm. Additions of double are not associative, and an MPI
 * library may bracket an all-reduce as it likes. So the buffer that is reduced has a row of moments for each rank. A
 * rank fills in its own row and leaves zeros, the moments of no elements, in all others; the operation is
 * trimtab_moments_merge, entry by entry. At most one rank has something in an entry, and merging with no elements
 * changes no bit: on such rows the operation is associative and commutative exactly. Then each rank merges the rows in
 * the order of the ranks.
 *
 * Header only; C99 or C++. Link with trimtab and MPI.
 */
#ifndef TRIMTAB_MPI_H
#define TRIMTAB_MPI_H

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <mpi.h>
#include <trimtab.h>

/* What merging needs, made once for a number of tensors; look at the fields, do not change them. */
typedef struct {
    MPI_Comm comm;          /* the caller's: neither duplicated nor freed */
    MPI_Datatype type;      /* trimtab_moments */
    MPI_Op op;              /* trimtab_moments_merge on each entry */
    int rank, ranks;
    size_t tensors;
    trimtab_moments *rows;  /* for each rank one entry a tensor, and one whose sum is the rank's status */
} trimtab_mpi;

/* The operation, an MPI_User_function. Entries were checked before: no merge is refused here. */
static inline void trimtab_mpi_merge_entries(void *from, void *into, int *len, MPI_Datatype *type) {
    int i;
    (void)type;
    for (i = 0; i < *len; i++)
        (void)trimtab_moments_merge((trimtab_moments *)into + i, (trimtab_moments *)from + i);
}

/* An error of this class that says what is wrong, through the error handler of the communicator, as MPI's own errors
 * are: fatal unless the caller has set another.
 */
static inline int trimtab_mpi_raise(MPI_Comm comm, int error_class, const char *message) {
    int code = error_class;
    if (MPI_Add_error_code(error_class, &code) == MPI_SUCCESS) MPI_Add_error_string(code, message);
    MPI_Comm_call_errhandler(comm, code);
    return code;
}

/* trimtab_moments as an MPI datatype, field by field: right also between machines of different byte order. */
static inline int trimtab_mpi_type(MPI_Datatype *type) {
    int lengths[2] = { 1, 3 };
    MPI_Aint places[2] = { offsetof(trimtab_moments, count), offsetof(trimtab_moments, sum) };
    MPI_Datatype types[2] = { MPI_UINT64_T, MPI_DOUBLE };
    int error = MPI_Type_create_struct(2, lengths, places, types, type);
    return error == MPI_SUCCESS ? MPI_Type_commit(type) : error;
}

/* Makes what merging needs. Collective: every rank of comm calls it, with the same number of tensors.
 *
 * world  filled in; trimtab_mpi_free releases it.
 *
 * Returns MPI_SUCCESS or an error of MPI's, on every rank: of class MPI_ERR_COUNT if the ranks disagree on tensors, or
 * if ranks * (tensors + 1) exceeds INT_MAX; of class MPI_ERR_NO_MEM if a rank has no memory for as many moments of 32
 * bytes. world needs no freeing then.
 */
static inline int trimtab_mpi_create(MPI_Comm comm, size_t tensors, trimtab_mpi *world) {
    long long count, seen[3];
    int error;

    memset(world, 0, sizeof *world);
    world->comm = comm;
    world->tensors = tensors;
    error = MPI_Comm_rank(comm, &world->rank);
    if (error == MPI_SUCCESS) error = MPI_Comm_size(comm, &world->ranks);
    if (error != MPI_SUCCESS) return error;

    count = tensors < (size_t)(INT_MAX / world->ranks) ? (long long)tensors : -1;
    if (count >= 0)
        world->rows = (trimtab_moments *)calloc((size_t)world->ranks * (tensors + 1), sizeof *world->rows);

    /* All ranks succeed or none does: the most tensors, the fewest, and whether memory was lacking anywhere. */
    seen[0] = count;
    seen[1] = -count;
    seen[2] = count >= 0 && world->rows == NULL;
    error = MPI_Allreduce(MPI_IN_PLACE, seen, 3, MPI_LONG_LONG, MPI_MAX, comm);
    if (error == MPI_SUCCESS && seen[0] != -seen[1])
        error = trimtab_mpi_raise(comm, MPI_ERR_COUNT,
                                  "trimtab_mpi_create: the ranks disagree on the number of tensors; describe every "
                                  "tensor on every rank, with len 0 where it owns nothing");
    else if (error == MPI_SUCCESS && seen[0] < 0)
        error = trimtab_mpi_raise(comm, MPI_ERR_COUNT,
                                  "trimtab_mpi_create: more tensors than one all-reduce can carry");
    else if (error == MPI_SUCCESS && seen[2])
        error = trimtab_mpi_raise(comm, MPI_ERR_NO_MEM, "trimtab_mpi_create: a rank has no memory for the moments");
    if (error == MPI_SUCCESS) error = trimtab_mpi_type(&world->type);
    if (error == MPI_SUCCESS) error = MPI_Op_create(trimtab_mpi_merge_entries, 1, &world->op);
    if (error != MPI_SUCCESS) {
        free(world->rows);
        world->rows = NULL;
    }
    return error;
}

/* Whether moments come with this status. */
static inline int trimtab_mpi_is_observed(trimtab_status status) {
    return status == TRIMTAB_OK || status == TRIMTAB_NON_FINITE;
}

/* What all ranks return: the first refusal in the order of the ranks, else NON_FINITE if any says so, else OK. */
static inline trimtab_status trimtab_mpi_agree(const trimtab_mpi *world) {
    trimtab_status agreed = TRIMTAB_OK;
    int rank;
    for (rank = 0; rank < world->ranks && trimtab_mpi_is_observed(agreed); rank++) {
        size_t entry = (size_t)rank * (world->tensors + 1) + world->tensors;
        trimtab_status said = (trimtab_status)world->rows[entry].sum;
        if (said != TRIMTAB_OK) agreed = said;
    }
    return agreed;
}

/* Merges the moments of each tensor over the ranks, in the order of the ranks, by one all-reduce. Collective: every
 * rank calls it, whatever its own status is.
 *
 * grads   world->tensors of them; may be NULL if that is 0. Moments: in, those of this rank's shards, from
 *         trimtab_observe or trimtab_observe_chunk; out, those of the whole tensors, the same bits on every rank.
 *         Affines are reset to {0, 1, infinity}.
 * status  in, what observing returned on this rank; out, the same on every rank: the first refusal in the order of the
 *         ranks, else TRIMTAB_NON_FINITE if any rank says so (trimtab_guard then sees it on all of them), else
 *         TRIMTAB_OK. After a refusal grads are as they were. Moments that cannot be, or of more elements together than
 *         64 bits count, are refused here: BAD_STATE, BAD_LENGTH.
 *
 * Returns MPI_SUCCESS or an error of MPI's.
 */
static inline int trimtab_mpi_merge(trimtab_mpi *world, trimtab_tensor *grads, trimtab_status *status) {
    const size_t n = world->tensors, row = n + 1, entries = (size_t)world->ranks * row;
    const trimtab_affine identity = { 0.0, 1.0, TRIMTAB_INFINITY };
    trimtab_moments *const rows = world->rows, *const mine = rows + (size_t)world->rank * row;
    trimtab_status merged = TRIMTAB_OK;
    size_t i;
    int error;

    memset(rows, 0, entries * sizeof *rows);
    for (i = 0; i < n && trimtab_mpi_is_observed(*status) && merged == TRIMTAB_OK; i++)
        merged = trimtab_moments_merge(&mine[i], &grads[i].moments);
    mine[n].sum = merged == TRIMTAB_OK ? *status : merged;

    error = MPI_Allreduce(MPI_IN_PLACE, rows, (int)entries, world->type, world->op, world->comm);
    if (error != MPI_SUCCESS) return error;

    merged = trimtab_mpi_agree(world);
    *status = merged;
    if (!trimtab_mpi_is_observed(merged)) return MPI_SUCCESS;
    merged = TRIMTAB_OK;
    for (i = row; i < entries && merged == TRIMTAB_OK; i++)
        merged = trimtab_moments_merge(&rows[i % row], &rows[i]);
    if (merged != TRIMTAB_OK) {
        *status = merged;
        return MPI_SUCCESS;
    }
    for (i = 0; i < n; i++) {
        grads[i].moments = rows[i];
        grads[i].affine = identity;
    }
    return MPI_SUCCESS;
}

/* Releases what trimtab_mpi_create made. Local; before MPI_Finalize. */
static inline void trimtab_mpi_free(trimtab_mpi *world) {
    MPI_Op_free(&world->op);
    MPI_Type_free(&world->type);
    free(world->rows);
    memset(world, 0, sizeof *world);
}

#endif
