/* What merging promises: the moments of the whole, the same bits on every rank and by every algorithm, one status for
 * all, NaN on one rank seen by all, empty shards, and no rank left waiting.
 *
 *     mpirun -np 4 ./merge
 *
 * prints a digest of all decided bits, to compare runs with, and as a control one of what the same operation gives on
 * plain moments, without rows: there the algorithm shows.
 */
#include "shards.h"

static whole_gradients whole, copy;

/* What trimtab_moments_merge is documented to do, written out, over the slices in rank order. */
static trimtab_moments in_rank_order(int t) {
    trimtab_moments sum = { 0, 0, 0, 0 };
    int r;
    for (r = 0; r < ranks; r++) {
        trimtab_moments part = { 0, 0, 0, 0 };
        size_t start = first_of(t, r), len = first_of(t, r + 1) - start;
        EXPECT(TRIMTAB_OK, trimtab_observe_chunk(&part, whole.data[t] + start, len, TRIMTAB_F64));
        sum.count += part.count;
        sum.sum += part.sum;
        sum.sum_sq += part.sum_sq;
        sum.abs_max = part.abs_max > sum.abs_max ? part.abs_max : sum.abs_max;
    }
    return sum;
}

/* Against plain loops: sums of n doubles differ by at most n*2^-53 of the sum of magnitudes. */
static void check_whole(int t, const trimtab_moments *moments) {
    double sum = 0, magnitudes = 0, squares = 0, largest = 0;
    const double bound = 2 * LONGEST * 1.2e-16;
    size_t i;
    for (i = 0; i < lengths[t]; i++) {
        double x = whole.data[t][i];
        sum += x, magnitudes += fabs(x), squares += x * x;
        largest = fabs(x) > largest ? fabs(x) : largest;
    }
    CHECK(moments->count == lengths[t]);
    CHECK(moments->abs_max == largest);
    CHECK(fabs(moments->sum - sum) <= bound * magnitudes);
    CHECK(fabs(moments->sum_sq - squares) <= bound * squares);
}

static uint64_t plain_all_reduce(const trimtab_mpi *world, const trimtab_tensor *grads, uint64_t hash) {
    trimtab_moments plain[TENSORS];
    int t;
    for (t = 0; t < TENSORS; t++)
        plain[t] = grads[t].moments;
    MPI_Allreduce(MPI_IN_PLACE, plain, TENSORS, world->type, world->op, world->comm);
    return digest(hash, plain, sizeof plain);
}

static uint64_t merged_moments_are_those_of_the_whole(trimtab_mpi *world, uint64_t *control) {
    uint64_t hash = DIGEST_START;
    uint64_t seed;
    for (seed = 1; seed <= 5; seed++) {
        trimtab_tensor grads[TENSORS];
        trimtab_status status;
        int t;
        make_gradients(&whole, seed);
        describe_shards(&whole, grads);
        status = trimtab_observe(grads, TENSORS);
        grads[0].affine.scale = 7; /* decided too early */
        *control = plain_all_reduce(world, grads, *control);
        CHECK(trimtab_mpi_merge(world, grads, &status) == MPI_SUCCESS);
        CHECK(status == TRIMTAB_OK);
        for (t = 0; t < TENSORS; t++) {
            trimtab_moments expected = in_rank_order(t);
            CHECK(memcmp(&grads[t].moments, &expected, sizeof expected) == 0);
            CHECK(grads[t].affine.center == 0 && grads[t].affine.scale == 1 && isinf(grads[t].affine.limit));
            check_whole(t, &grads[t].moments);
            hash = digest(hash, &grads[t].moments, sizeof grads[t].moments);
        }
        CHECK(same_decisions(grads, TENSORS));
        EXPECT(TRIMTAB_OK, trimtab_clip_norm(1.0, TRIMTAB_SCOPE_GLOBAL, grads, TENSORS));
        hash = digest(hash, &grads[0].affine, sizeof grads[0].affine);
    }
    return hash;
}

/* A bad value in the slice of each rank in turn; two good steps after it. */
static void what_one_rank_sees_all_ranks_skip(trimtab_mpi *world, double bad) {
    trimtab_guard_state guard = { 0, 0 };
    int step;
    for (step = 0; step < 3 * ranks; step++) {
        const int owner = step / 3, is_bad = step % 3 == 0;
        trimtab_tensor grads[TENSORS];
        trimtab_status status;
        make_gradients(&whole, 77);
        if (is_bad && rank == owner) whole.data[2][whole.end[2] - 1] = bad;
        copy = whole;
        describe_shards(&whole, grads);
        status = trimtab_observe(grads, TENSORS);
        CHECK(status == (is_bad && rank == owner ? TRIMTAB_NON_FINITE : TRIMTAB_OK));
        CHECK(trimtab_mpi_merge(world, grads, &status) == MPI_SUCCESS);
        CHECK(status == (is_bad ? TRIMTAB_NON_FINITE : TRIMTAB_OK));
        CHECK(same_decisions(grads, TENSORS));
        EXPECT(is_bad ? TRIMTAB_SKIP_STEP : TRIMTAB_OK, trimtab_guard(NULL, &guard, grads, TENSORS));
        CHECK(guard.consecutive == (uint64_t)is_bad && guard.total == (uint64_t)owner + 1);
        CHECK(same_everywhere(&guard, sizeof guard));
        if (is_bad) {
            EXPECT(TRIMTAB_NON_FINITE, trimtab_apply(grads, TENSORS));
            CHECK(memcmp(&whole, &copy, sizeof whole) == 0);
        } else {
            EXPECT(TRIMTAB_OK, trimtab_scale(0.5, grads, TENSORS));
            EXPECT(TRIMTAB_OK, trimtab_apply(grads, TENSORS));
            CHECK(whole.end[0] == whole.start[0] ||
                  whole.data[0][whole.start[0]] == 0.5 * copy.data[0][whole.start[0]]);
        }
    }
}

/* The tensor becomes zeros on every rank, all others are written. */
static void a_zeroing_guard_zeroes_all_shards(trimtab_mpi *world) {
    trimtab_guard_config zero = TRIMTAB_GUARD_CONFIG_INIT;
    trimtab_guard_state guard = { 0, 0 };
    trimtab_tensor grads[TENSORS];
    trimtab_status status;
    size_t i;
    zero.policy = TRIMTAB_GUARD_ZERO;
    make_gradients(&whole, 78);
    if (rank == ranks - 1) whole.data[2][whole.start[2]] = NAN;
    copy = whole;
    describe_shards(&whole, grads);
    status = trimtab_observe(grads, TENSORS);
    trimtab_mpi_merge(world, grads, &status);
    EXPECT(TRIMTAB_OK, trimtab_guard(&zero, &guard, grads, TENSORS));
    EXPECT(TRIMTAB_OK, trimtab_apply(grads, TENSORS));
    for (i = whole.start[2]; i < whole.end[2]; i++)
        CHECK(whole.data[2][i] == 0);
    CHECK(memcmp(whole.data[0], copy.data[0], sizeof whole.data[0]) == 0);
}

/* A refusal on one rank is everybody's: none waits, none goes on, and nothing is changed. */
static void a_refusal_on_one_rank_is_returned_on_all(trimtab_mpi *world) {
    trimtab_tensor grads[TENSORS], before[TENSORS];
    trimtab_status status;
    const trimtab_moments impossible = { 5, 0, -1, 0 };
    make_gradients(&whole, 79);
    describe_shards(&whole, grads);
    if (rank == ranks / 2) grads[0].dtype = 99;
    status = trimtab_observe(grads, TENSORS);
    CHECK(status == (rank == ranks / 2 ? TRIMTAB_BAD_DTYPE : TRIMTAB_OK));
    memcpy(before, grads, sizeof grads);
    CHECK(trimtab_mpi_merge(world, grads, &status) == MPI_SUCCESS);
    CHECK(status == TRIMTAB_BAD_DTYPE);
    CHECK(memcmp(before, grads, sizeof grads) == 0);

    /* The first in the order of the ranks; a NaN elsewhere does not hide it. */
    status = rank == 0 ? TRIMTAB_NON_FINITE : rank == ranks - 1 ? TRIMTAB_NULL_POINTER : TRIMTAB_OK;
    trimtab_mpi_merge(world, grads, &status);
    CHECK(status == (ranks > 1 ? TRIMTAB_NULL_POINTER : TRIMTAB_NON_FINITE));
    status = rank == 0 ? TRIMTAB_MISALIGNED : TRIMTAB_BAD_LENGTH;
    trimtab_mpi_merge(world, grads, &status);
    CHECK(status == TRIMTAB_MISALIGNED);

    describe_shards(&whole, grads);
    status = trimtab_observe(grads, TENSORS);
    if (rank == ranks - 1) grads[3].moments = impossible;
    trimtab_mpi_merge(world, grads, &status);
    CHECK(status == TRIMTAB_BAD_STATE);

    /* Two to the power of 64 elements, if there are two ranks. */
    describe_shards(&whole, grads);
    grads[6].moments.count = UINT64_C(1) << 63;
    status = TRIMTAB_OK;
    trimtab_mpi_merge(world, grads, &status);
    CHECK(status == (ranks > 1 ? TRIMTAB_BAD_LENGTH : TRIMTAB_OK));
    CHECK(ranks == 1 || grads[6].moments.count == UINT64_C(1) << 63);
}

/* Out of range for the whole is out of range for every owner, also for those whose shard is empty. */
static void an_overflow_is_refused_on_all_ranks(trimtab_mpi *world) {
    trimtab_adam_config config = TRIMTAB_ADAM_CONFIG_INIT;
    trimtab_step_state state = { 0 };
    trimtab_tensor grads[TENSORS];
    trimtab_slot slots[TENSORS];
    trimtab_status status;
    int t;
    make_gradients(&whole, 80);
    whole.data[4][0] = 1e5; /* the one element of tensor 4 */
    for (t = 0; t < TENSORS; t++) {
        const trimtab_slot slot = { copy.data[t], copy.data[t], copy.data[t], TRIMTAB_F64, 0 };
        slots[t] = slot;
    }
    describe_shards(&whole, grads);
    status = trimtab_observe(grads, TENSORS);
    trimtab_mpi_merge(world, grads, &status);
    EXPECT(TRIMTAB_OK, trimtab_scale(1e300, grads + 4, 1)); /* its square is out of range */
    copy = whole;
    EXPECT(TRIMTAB_OVERFLOW, trimtab_adam_step(&config, &state, grads, slots, TENSORS));
    EXPECT(TRIMTAB_OK, trimtab_scale(1e8, grads + 4, 1)); /* and now it is itself */
    EXPECT(TRIMTAB_OVERFLOW, trimtab_apply(grads, TENSORS));
    CHECK(memcmp(&whole, &copy, sizeof whole) == 0 && state.steps == 0);
}

/* A tensor that every rank has in full counts once: one rank brings its moments, the others none. */
static void a_replicated_tensor_counts_once(void) {
    trimtab_tensor grads[2];
    trimtab_status status;
    trimtab_mpi world;
    const trimtab_moments none = { 0, 0, 0, 0 };
    trimtab_moments alone;
    make_gradients(&whole, 81);
    grads[0] = describe(whole.data[0] + whole.start[0], whole.end[0] - whole.start[0], TRIMTAB_WEIGHT);
    grads[1] = describe(whole.data[6], lengths[6], TRIMTAB_BIAS);
    CHECK(trimtab_mpi_create(MPI_COMM_WORLD, 2, &world) == MPI_SUCCESS);
    status = trimtab_observe(grads, 2);
    alone = grads[1].moments;
    if (world.rank != 0) grads[1].moments = none;
    trimtab_mpi_merge(&world, grads, &status);
    CHECK(status == TRIMTAB_OK && grads[0].moments.count == lengths[0]);
    CHECK(memcmp(&grads[1].moments, &alone, sizeof alone) == 0);
    EXPECT(TRIMTAB_OK, trimtab_scale(2.0, grads, 2));
    EXPECT(TRIMTAB_OK, trimtab_apply(grads, 2));
    trimtab_mpi_free(&world);
}

/* Whether making it is refused, with an error that says so. */
static int is_refused(MPI_Comm comm, size_t tensors, const char *message) {
    trimtab_mpi world;
    char said[MPI_MAX_ERROR_STRING] = "";
    int error = trimtab_mpi_create(comm, tensors, &world), class_of = MPI_SUCCESS, length = 0;
    MPI_Error_class(error, &class_of);
    MPI_Error_string(error, said, &length);
    return class_of == MPI_ERR_COUNT && strstr(said, message) != NULL;
}

static void numbers_that_cannot_be_are_refused(void) {
    trimtab_mpi world;
    trimtab_status status = TRIMTAB_OK;
    MPI_Comm comm;
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    CHECK(ranks == 1 || is_refused(comm, rank == 0 ? 3 : 4, "the ranks disagree on the number of tensors"));
    CHECK(ranks == 1 || is_refused(comm, rank == 0 ? (size_t)-1 : 4, "the ranks disagree on the number of tensors"));
    CHECK(is_refused(comm, INT_MAX, "more tensors than one all-reduce can carry"));
    /* No tensors are legal. */
    CHECK(trimtab_mpi_create(comm, 0, &world) == MPI_SUCCESS);
    CHECK(trimtab_mpi_merge(&world, NULL, &status) == MPI_SUCCESS && status == TRIMTAB_OK);
    trimtab_mpi_free(&world);
    MPI_Comm_free(&comm);
}

int main(int argc, char **argv) {
    trimtab_mpi world;
    uint64_t hash, control = DIGEST_START;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    CHECK(trimtab_mpi_create(MPI_COMM_WORLD, TENSORS, &world) == MPI_SUCCESS);
    CHECK(world.rank == rank && world.ranks == ranks && world.tensors == TENSORS);
    hash = merged_moments_are_those_of_the_whole(&world, &control);
    what_one_rank_sees_all_ranks_skip(&world, NAN);
    what_one_rank_sees_all_ranks_skip(&world, -INFINITY);
    a_zeroing_guard_zeroes_all_shards(&world);
    a_refusal_on_one_rank_is_returned_on_all(&world);
    an_overflow_is_refused_on_all_ranks(&world);
    trimtab_mpi_free(&world);
    a_replicated_tensor_counts_once();
    numbers_that_cannot_be_are_refused();
    CHECK(same_everywhere(&hash, sizeof hash));
    if (rank == 0) {
        printf("decided %016llx, plain %016llx\n", (unsigned long long)hash, (unsigned long long)control);
        printf("ok\n");
    }
    MPI_Finalize();
    return 0;
}
