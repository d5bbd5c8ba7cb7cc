/* Trains a small network on as many ranks as there are, with gradients and optimizer buffers sharded.
 *
 *     mpirun -np 4 ./sharded
 *
 * A network of 2 inputs, two layers of 24 tanh and one output learns sin(pi x) sin(pi y) on a grid. Each rank
 * differentiates its part of the samples. Gradients are then summed so that each rank has one slice of every weight and
 * bias (MPI_Reduce_scatter); their moments are merged, every rank decides the same, and Adam updates the slices, which
 * are gathered again. At step 40 the last rank finds a NaN in its slice, as a faulty machine might leave one: all ranks
 * skip that step. With one rank the same program is the one-process run.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "trimtab_mpi.h"

enum { SIDE = 12, ROWS = SIDE * SIDE, WIDTH = 24, LAYERS = 3, TENSORS = 2 * LAYERS, STEPS = 120, BAD_STEP = 40 };
static const int sizes[LAYERS + 1] = { 2, WIDTH, WIDTH, 1 };

/* A parameter: the whole of it on every rank, and this rank's slice of what belongs to it. */
typedef struct {
    double *value, *gradient;       /* len elements; the gradient over this rank's samples */
    int *counts, *starts;           /* of every rank's slice */
    int len, mine, start;           /* elements in all; those of this rank, and the first */
    double *shard, *first, *second; /* mine elements: the gradient over all samples, and Adam's moments */
} parameter;

static void require(int fine, const char *what) {
    if (fine) return;
    fprintf(stderr, "%s\n", what);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

static void *zeros(size_t count, size_t size) {
    void *memory = calloc(count + 1, size);
    require(memory != NULL, "out of memory");
    return memory;
}

/* In [-1, 1), the same numbers on every rank. */
static double uniform(void) {
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return state / 2147483648.0 - 1.0;
}

/* Slices as even as can be: a bias of one element is one rank's, and empty on all others. */
static void make_parameter(parameter *p, int len, double std, int rank, int ranks) {
    int i;
    p->len = len;
    p->value = zeros((size_t)len, sizeof(double));
    p->gradient = zeros((size_t)len, sizeof(double));
    for (i = 0; i < len; i++)
        p->value[i] = std * sqrt(3.0) * uniform();
    p->counts = zeros((size_t)ranks, sizeof(int));
    p->starts = zeros((size_t)ranks, sizeof(int));
    for (i = 0; i < ranks; i++) {
        p->starts[i] = (int)((long long)len * i / ranks);
        p->counts[i] = (int)((long long)len * (i + 1) / ranks) - p->starts[i];
    }
    p->start = p->starts[rank];
    p->mine = p->counts[rank];
    p->shard = zeros((size_t)p->mine, sizeof(double));
    p->first = zeros((size_t)p->mine, sizeof(double));
    p->second = zeros((size_t)p->mine, sizeof(double));
}

static void free_parameter(parameter *p) {
    free(p->value), free(p->gradient), free(p->counts), free(p->starts);
    free(p->shard), free(p->first), free(p->second);
}

/* Adds the gradient of half the mean squared error at one sample; returns that sample's part of the error. */
static double sample(parameter net[TENSORS], double x, double y, double target) {
    double a[LAYERS + 1][WIDTH] = { { x, y } }, delta[WIDTH], before[WIDTH], residual;
    int layer, i, j;
    for (layer = 0; layer < LAYERS; layer++) {
        const double *w = net[2 * layer].value, *b = net[2 * layer + 1].value;
        const int in = sizes[layer], out = sizes[layer + 1];
        for (i = 0; i < out; i++) {
            double z = b[i];
            for (j = 0; j < in; j++)
                z += w[i * in + j] * a[layer][j];
            a[layer + 1][i] = layer + 1 < LAYERS ? tanh(z) : z;
        }
    }
    residual = a[LAYERS][0] - target;
    delta[0] = residual / ROWS;
    for (layer = LAYERS - 1; layer >= 0; layer--) {
        const double *w = net[2 * layer].value;
        double *dw = net[2 * layer].gradient, *db = net[2 * layer + 1].gradient;
        const int in = sizes[layer], out = sizes[layer + 1];
        for (j = 0; j < in; j++)
            before[j] = 0;
        for (i = 0; i < out; i++) {
            db[i] += delta[i];
            for (j = 0; j < in; j++) {
                dw[i * in + j] += delta[i] * a[layer][j];
                before[j] += delta[i] * w[i * in + j];
            }
        }
        for (j = 0; j < in; j++)
            delta[j] = before[j] * (1 - a[layer][j] * a[layer][j]);
    }
    return residual * residual / (2.0 * ROWS);
}

/* Loss over all samples; leaves in each shard this rank's slice of the gradient over all samples. */
static double backward(parameter net[TENSORS], int rank, int ranks) {
    const double pi = 3.14159265358979323846;
    double loss = 0;
    int row, t, i;
    for (t = 0; t < TENSORS; t++)
        for (i = 0; i < net[t].len; i++)
            net[t].gradient[i] = 0;
    for (row = rank; row < ROWS; row += ranks) {
        double x = (row % SIDE + 0.5) / SIDE, y = (row / SIDE + 0.5) / SIDE;
        loss += sample(net, x, y, sin(pi * x) * sin(pi * y));
    }
    MPI_Allreduce(MPI_IN_PLACE, &loss, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    for (t = 0; t < TENSORS; t++)
        MPI_Reduce_scatter(net[t].gradient, net[t].shard, net[t].counts, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return loss;
}

/* What is done about the gradients, and what that remembers: the same on every rank. */
typedef struct {
    trimtab_guard_state guard;
    trimtab_norm_state norms[TENSORS];
    trimtab_step_state adam;
} states;

/* One update of this rank's slices. Whatever it returns, it returns on every rank. */
static trimtab_status update(trimtab_mpi *world, parameter net[TENSORS], states *memory) {
    trimtab_clip_norm_config clip = TRIMTAB_CLIP_NORM_CONFIG_INIT;
    trimtab_adam_config adam = TRIMTAB_ADAM_CONFIG_INIT;
    trimtab_tensor grads[TENSORS] = { { 0 } };
    trimtab_slot slots[TENSORS] = { { 0 } };
    trimtab_method chain[3] = {
        { TRIMTAB_METHOD_GUARD, 0, NULL, &memory->guard, 0, NULL },
        { TRIMTAB_METHOD_GRADIENT_STABILIZER, 0, NULL, memory->norms, 0, NULL },
        { TRIMTAB_METHOD_CLIP_NORM, 0, &clip, NULL, 1.0, NULL },
    };
    trimtab_status status;
    int t;
    clip.scope = TRIMTAB_SCOPE_GLOBAL;
    adam.lr = 0.01;
    for (t = 0; t < TENSORS; t++) {
        grads[t].data = net[t].shard, grads[t].len = (size_t)net[t].mine;
        grads[t].dtype = TRIMTAB_F64, grads[t].role = t % 2 ? TRIMTAB_BIAS : TRIMTAB_WEIGHT;
        slots[t].param = net[t].value + net[t].start, slots[t].dtype = TRIMTAB_F64;
        slots[t].first = net[t].first, slots[t].second = net[t].second;
    }
    /* Only the rank with the NaN is told here; it must not leave before the others know. */
    status = trimtab_observe(grads, TENSORS);
    trimtab_mpi_merge(world, grads, &status);
    if (status == TRIMTAB_OK || status == TRIMTAB_NON_FINITE)
        status = trimtab_decide(chain, 3, grads, TENSORS, NULL);
    if (status == TRIMTAB_OK) status = trimtab_adam_step(&adam, &memory->adam, grads, slots, TENSORS);
    return status;
}

int main(int argc, char **argv) {
    parameter net[TENSORS];
    states memory = { { 0, 0 }, { { 0, 0, 0, 0 } }, { 0 } };
    trimtab_mpi world;
    double loss = 0, norm = 0;
    int rank, ranks, step, t, i;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    for (t = 0; t < TENSORS; t++) {
        const int in = sizes[t / 2], out = sizes[t / 2 + 1];
        make_parameter(&net[t], t % 2 ? out : in * out, trimtab_init_std(TRIMTAB_TANH, (size_t)in), rank, ranks);
    }
    trimtab_mpi_create(MPI_COMM_WORLD, TENSORS, &world);
    for (step = 0; step <= STEPS; step++) {
        trimtab_status status;
        loss = backward(net, rank, ranks);
        if (rank == 0 && step % 40 == 0) printf("step %3d  loss %.3e\n", step, loss);
        if (step == STEPS) break;
        if (step == BAD_STEP && rank == ranks - 1) net[0].shard[0] = NAN;
        status = update(&world, net, &memory);
        if (status == TRIMTAB_SKIP_STEP) {
            printf("step %3d  skipped on rank %d\n", step, rank);
            continue;
        }
        require(status == TRIMTAB_OK, trimtab_status_message(status));
        for (t = 0; t < TENSORS; t++)
            MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, net[t].value, net[t].counts, net[t].starts, MPI_DOUBLE,
                           MPI_COMM_WORLD);
    }
    for (t = 0; t < TENSORS; t++)
        for (i = 0; i < net[t].len; i++)
            norm += net[t].value[i] * net[t].value[i];
    if (rank == 0) printf("ranks %d  loss %.17g  norm of the parameters %.17g\n", ranks, loss, sqrt(norm));
    trimtab_mpi_free(&world);
    for (t = 0; t < TENSORS; t++)
        free_parameter(&net[t]);
    MPI_Finalize();
    return 0;
}
