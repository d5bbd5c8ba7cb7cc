/* Every method on shards with merged moments, against the same method on whole gradients in one process: what is
 * written, what the states remember and what the optimizers make of it agree to 1e-12.
 */
#include "shards.h"

enum { ALL = TENSORS + 1, OUTPUTS = 321, STEPS = 6, SPIKE = 4 };

static whole_gradients shards, whole, parameters;
static double outputs[OUTPUTS]; /* dL/d(prediction), of which every rank has a part, too */

/* What methods remember and compare with. */
typedef struct {
    trimtab_norm_state norms[TENSORS], global;
    trimtab_autoscale_state autoscale;
    trimtab_zclip_state zclip;
} states;

typedef struct {
    double reference;
    trimtab_moments parameters[TENSORS];
} context;

typedef trimtab_status chain(states *memory, const context *known, trimtab_tensor *grads);

static trimtab_status stable_grad(states *memory, const context *known, trimtab_tensor *grads) {
    (void)memory;
    return trimtab_stable_grad(NULL, known->reference, grads, TENSORS);
}

static trimtab_status gradient_stabilizer(states *memory, const context *known, trimtab_tensor *grads) {
    (void)known;
    return trimtab_gradient_stabilizer(NULL, memory->norms, grads, TENSORS);
}

static trimtab_status gradient_stabilizer_globally(states *memory, const context *known, trimtab_tensor *grads) {
    trimtab_gradient_stabilizer_config config = TRIMTAB_GRADIENT_STABILIZER_CONFIG_INIT;
    (void)known;
    config.scope = TRIMTAB_SCOPE_GLOBAL;
    return trimtab_gradient_stabilizer(&config, &memory->global, grads, TENSORS);
}

static trimtab_status autoscale(states *memory, const context *known, trimtab_tensor *grads) {
    (void)known;
    return trimtab_autoscale(&memory->autoscale, grads, TENSORS);
}

static trimtab_status centralize(states *memory, const context *known, trimtab_tensor *grads) {
    (void)memory, (void)known;
    return trimtab_centralize(TRIMTAB_ROLES_ALL, grads, TENSORS);
}

static trimtab_status znorm(states *memory, const context *known, trimtab_tensor *grads) {
    (void)memory, (void)known;
    return trimtab_znorm(NULL, grads, TENSORS);
}

static trimtab_status clip_norm(states *memory, const context *known, trimtab_tensor *grads) {
    (void)memory, (void)known;
    return trimtab_clip_norm(0.5, TRIMTAB_SCOPE_TENSOR, grads, TENSORS);
}

static trimtab_status agc(states *memory, const context *known, trimtab_tensor *grads) {
    (void)memory;
    return trimtab_agc(NULL, known->parameters, grads, TENSORS);
}

static trimtab_status zclip(states *memory, const context *known, trimtab_tensor *grads) {
    trimtab_zclip_config config = TRIMTAB_ZCLIP_CONFIG_INIT;
    (void)known;
    config.warmup = 2;
    return trimtab_zclip(&config, &memory->zclip, grads, TENSORS);
}

static trimtab_status unscale_and_clip_value(states *memory, const context *known, trimtab_tensor *grads) {
    trimtab_status status = trimtab_unscale(1024.0, grads, TENSORS);
    (void)memory, (void)known;
    return status == TRIMTAB_OK ? trimtab_clip_value(0.01, grads, TENSORS) : status;
}

/* One read and one write, however long. */
static trimtab_status everything(states *memory, const context *known, trimtab_tensor *grads) {
    trimtab_status status = autoscale(memory, known, grads);
    if (status == TRIMTAB_OK) status = stable_grad(memory, known, grads);
    if (status == TRIMTAB_OK) status = gradient_stabilizer(memory, known, grads);
    if (status == TRIMTAB_OK) status = trimtab_clip_norm(1.0, TRIMTAB_SCOPE_GLOBAL, grads, TENSORS);
    return status;
}

static const struct {
    const char *name;
    chain *run;
} chains[] = {
    { "stable_grad", stable_grad },
    { "gradient_stabilizer", gradient_stabilizer },
    { "gradient_stabilizer over all tensors", gradient_stabilizer_globally },
    { "autoscale", autoscale },
    { "centralize", centralize },
    { "znorm", znorm },
    { "clip_norm", clip_norm },
    { "agc", agc },
    { "zclip", zclip },
    { "unscale, clip_value", unscale_and_clip_value },
    { "autoscale, stable_grad, gradient_stabilizer, clip_norm", everything },
};

static int near(double a, double b) { return fabs(a - b) <= 1e-12 * fabs(b); }

/* The gradients of a step, a spike among them, for shards and for the whole. */
static void make_step(uint64_t seed, int is_spike) {
    uint64_t state = seed * 1000;
    int t;
    size_t i;
    make_gradients(&shards, seed);
    for (t = 0; t < TENSORS && is_spike; t++)
        for (i = 0; i < lengths[t]; i++)
            shards.data[t][i] *= 1e4;
    for (i = 0; i < OUTPUTS; i++)
        outputs[i] = uniform(&state);
    whole = shards;
}

/* Observes this rank's shards, dL/d(prediction) as one tensor more, and merges all of it at once. */
static double observe_shards(trimtab_mpi *world, trimtab_tensor grads[ALL]) {
    const size_t from = OUTPUTS * (size_t)rank / (size_t)ranks, to = OUTPUTS * (size_t)(rank + 1) / (size_t)ranks;
    trimtab_status status;
    describe_shards(&shards, grads);
    grads[TENSORS] = describe(outputs + from, to - from, TRIMTAB_WEIGHT);
    status = trimtab_observe(grads, ALL);
    CHECK(trimtab_mpi_merge(world, grads, &status) == MPI_SUCCESS && status == TRIMTAB_OK);
    return trimtab_moments_std(&grads[TENSORS].moments);
}

static double observe_whole(trimtab_tensor grads[TENSORS]) {
    trimtab_moments prediction = { 0, 0, 0, 0 };
    describe_whole(&whole, grads);
    EXPECT(TRIMTAB_OK, trimtab_observe(grads, TENSORS));
    EXPECT(TRIMTAB_OK, trimtab_observe_chunk(&prediction, outputs, OUTPUTS, TRIMTAB_F64));
    return trimtab_moments_std(&prediction);
}

/* This rank's slices against the same elements of the whole; relative to the largest of the tensor. */
static void compare(const whole_gradients *sharded, const whole_gradients *alone, const char *name) {
    int t;
    size_t i;
    for (t = 0; t < TENSORS; t++) {
        double largest = 0;
        for (i = 0; i < lengths[t]; i++)
            largest = fmax(largest, fabs(alone->data[t][i]));
        for (i = sharded->start[t]; i < sharded->end[t]; i++) {
            const double a = sharded->data[t][i], b = alone->data[t][i];
            if (!(fabs(a - b) <= 1e-12 * largest)) {
                printf("%s, tensor %d, element %zu: %.17g in a shard, %.17g in one process\n", name, t, i, a, b);
                CHECK(!"the same to 1e-12");
            }
        }
    }
}

static void compare_norms(const trimtab_norm_state *a, const trimtab_norm_state *b) {
    CHECK(near(a->m, b->m) && near(a->v, b->v) && a->steps == b->steps && a->skipped == b->skipped);
}

static void compare_states(const states *a, const states *b) {
    int t;
    for (t = 0; t < TENSORS; t++)
        compare_norms(&a->norms[t], &b->norms[t]);
    compare_norms(&a->global, &b->global);
    CHECK(near(a->autoscale.exponent, b->autoscale.exponent) && near(a->autoscale.sigma, b->autoscale.sigma));
    CHECK(near(a->autoscale.alpha, b->autoscale.alpha) && a->autoscale.steps == b->autoscale.steps);
    /* Differences of norms that are nearly the same: against the squared mean. */
    CHECK(near(a->zclip.mean, b->zclip.mean) && a->zclip.steps == b->zclip.steps);
    CHECK(fabs(a->zclip.var - b->zclip.var) <= 1e-12 * (b->zclip.mean * b->zclip.mean + b->zclip.var));
}

/* Moments of the parameters, which are sharded like the gradients. */
static void know_parameters(context *sharded, context *alone) {
    trimtab_tensor mine[TENSORS], all[TENSORS];
    trimtab_status status;
    trimtab_mpi world;
    int t;
    make_gradients(&parameters, 4711);
    describe_shards(&parameters, mine);
    describe_whole(&parameters, all);
    trimtab_mpi_create(MPI_COMM_WORLD, TENSORS, &world);
    status = trimtab_observe(mine, TENSORS);
    trimtab_mpi_merge(&world, mine, &status);
    trimtab_mpi_free(&world);
    CHECK(status == TRIMTAB_OK);
    EXPECT(TRIMTAB_OK, trimtab_observe(all, TENSORS));
    for (t = 0; t < TENSORS; t++)
        sharded->parameters[t] = mine[t].moments, alone->parameters[t] = all[t].moments;
}

static void shards_are_written_as_the_whole(trimtab_mpi *world, size_t index) {
    chain *run = chains[index].run;
    context sharded, alone;
    states mine, of_one;
    int step, changed = 0;
    memset(&mine, 0, sizeof mine);
    memset(&of_one, 0, sizeof of_one);
    know_parameters(&sharded, &alone);
    for (step = 0; step < STEPS; step++) {
        trimtab_tensor grads[ALL], all[TENSORS];
        int t;
        make_step((uint64_t)step + 1, step == SPIKE);
        sharded.reference = observe_shards(world, grads);
        alone.reference = observe_whole(all);
        EXPECT(TRIMTAB_OK, run(&mine, &sharded, grads));
        EXPECT(TRIMTAB_OK, run(&of_one, &alone, all));
        CHECK(same_decisions(grads, ALL) && same_everywhere(&mine, sizeof mine));
        for (t = 0; t < TENSORS; t++)
            changed |= all[t].affine.center != 0 || all[t].affine.scale != 1;
        EXPECT(TRIMTAB_OK, trimtab_apply(grads, TENSORS));
        EXPECT(TRIMTAB_OK, trimtab_apply(all, TENSORS));
        compare(&shards, &whole, chains[index].name);
        compare_states(&mine, &of_one);
    }
    CHECK(changed);
}

/* Parameters and buffers of an optimizer, of the shards and of the whole. */
static struct {
    whole_gradients param, first, second;
} model[2];

static void describe_slots(int which, trimtab_slot slots[TENSORS]) {
    int t;
    memset(slots, 0, TENSORS * sizeof slots[0]);
    for (t = 0; t < TENSORS; t++) {
        /* The shards are updated in place, inside the whole. */
        const size_t start = which == 0 ? shards.start[t] : 0;
        slots[t].param = model[which].param.data[t] + start;
        slots[t].first = model[which].first.data[t] + start;
        slots[t].second = model[which].second.data[t] + start;
        slots[t].dtype = TRIMTAB_F64;
    }
}

static trimtab_status update(int is_adam, trimtab_step_state *state, int which, trimtab_tensor *grads) {
    trimtab_adam_config adam = TRIMTAB_ADAM_CONFIG_INIT;
    trimtab_sgd_config sgd = TRIMTAB_SGD_CONFIG_INIT;
    trimtab_slot slots[TENSORS];
    sgd.momentum = 0.9;
    describe_slots(which, slots);
    return is_adam ? trimtab_adam_step(&adam, state, grads, slots, TENSORS)
                   : trimtab_sgd_step(&sgd, state, grads, slots, TENSORS);
}

static void shards_are_trained_as_the_whole(trimtab_mpi *world, int is_adam) {
    trimtab_step_state mine = { 0 }, of_one = { 0 };
    int step, which;
    memset(model, 0, sizeof model);
    for (which = 0; which < 2; which++)
        make_gradients(&model[which].param, 12);
    for (step = 0; step < STEPS; step++) {
        trimtab_tensor grads[ALL], all[TENSORS];
        make_step((uint64_t)step + 1, step == SPIKE);
        observe_shards(world, grads);
        observe_whole(all);
        EXPECT(TRIMTAB_OK, trimtab_clip_norm(1.0, TRIMTAB_SCOPE_GLOBAL, grads, TENSORS));
        EXPECT(TRIMTAB_OK, trimtab_clip_norm(1.0, TRIMTAB_SCOPE_GLOBAL, all, TENSORS));
        EXPECT(TRIMTAB_OK, update(is_adam, &mine, 0, grads));
        EXPECT(TRIMTAB_OK, update(is_adam, &of_one, 1, all));
        compare(&model[0].param, &model[1].param, is_adam ? "adam" : "sgd");
    }
    CHECK(mine.steps == STEPS && of_one.steps == STEPS);
}

int main(int argc, char **argv) {
    trimtab_mpi world;
    size_t index;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    CHECK(trimtab_mpi_create(MPI_COMM_WORLD, ALL, &world) == MPI_SUCCESS);
    for (index = 0; index < sizeof chains / sizeof chains[0]; index++)
        shards_are_written_as_the_whole(&world, index);
    shards_are_trained_as_the_whole(&world, 0);
    shards_are_trained_as_the_whole(&world, 1);
    trimtab_mpi_free(&world);
    if (rank == 0) printf("ok\n");
    MPI_Finalize();
    return 0;
}
