/* Gradients that every rank can make in full, and its slices of them: what the tests of merging have in common. */
#ifndef SHARDS_H
#define SHARDS_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trimtab_mpi.h"

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("%s:%d: rank %d of %d: does not hold: %s\n", __FILE__, __LINE__, rank, ranks, #condition); \
            fflush(stdout); \
            MPI_Abort(MPI_COMM_WORLD, 1); \
        } \
    } while (0)

/* A call and the status that it has to return. */
#define EXPECT(status, call) \
    do { \
        trimtab_status returned = (call); \
        if (returned != (status)) { \
            printf("%s:%d: rank %d of %d: %s returns %d (%s)\n", __FILE__, __LINE__, rank, ranks, #call, \
                   (int)returned, trimtab_status_message(returned)); \
            fflush(stdout); \
            MPI_Abort(MPI_COMM_WORLD, 1); \
        } \
    } while (0)

static int rank, ranks;

enum { TENSORS = 7, LONGEST = 70001 };

/* One element, fewer than ranks, more than a block of the summation, none at all. */
static const size_t lengths[TENSORS] = { 1000, 37, LONGEST, 2, 1, 0, 513 };

/* The whole gradients, the same on every rank, and where this rank's slices begin and end. */
typedef struct {
    double data[TENSORS][LONGEST];
    size_t start[TENSORS], end[TENSORS];
} whole_gradients;

/* A linear congruential generator (Knuth's MMIX); in [-1, 1). */
static inline double uniform(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 4503599627370496.0 - 1.0;
}

/* Of tensor t rank r owns [first(t, r), first(t, r + 1)): even slices; of tensor 1 the last rank owns everything. */
static inline size_t first_of(int t, int r) {
    return t == 1 ? (r < ranks ? 0 : lengths[t]) : lengths[t] * (size_t)r / (size_t)ranks;
}

/* Magnitudes from 1e-6 to 1e6, all of one sign in some tensors, so that sums do and do not cancel. */
static inline void make_gradients(whole_gradients *g, uint64_t seed) {
    int t;
    size_t i;
    for (t = 0; t < TENSORS; t++) {
        for (i = 0; i < lengths[t]; i++) {
            double x = uniform(&seed) * pow(10.0, 6.0 * uniform(&seed));
            g->data[t][i] = t % 3 == 2 ? fabs(x) : x;
        }
        g->start[t] = first_of(t, rank);
        g->end[t] = first_of(t, rank + 1);
    }
}

static inline trimtab_tensor describe(double *data, size_t len, uint32_t role) {
    trimtab_tensor tensor = TRIMTAB_TENSOR(NULL, 0, TRIMTAB_F64, TRIMTAB_WEIGHT);
    tensor.data = data;
    tensor.len = len;
    tensor.role = role;
    return tensor;
}

/* Biases where t is odd, except that tensor 1, all of it on one rank, is a weight. */
static inline uint32_t role_of(int t) { return t % 2 && t != 1 ? TRIMTAB_BIAS : TRIMTAB_WEIGHT; }

/* This rank's slices, NULL where they are empty. */
static inline void describe_shards(whole_gradients *g, trimtab_tensor grads[TENSORS]) {
    int t;
    for (t = 0; t < TENSORS; t++) {
        size_t len = g->end[t] - g->start[t];
        grads[t] = describe(len ? g->data[t] + g->start[t] : NULL, len, role_of(t));
    }
}

static inline void describe_whole(whole_gradients *g, trimtab_tensor grads[TENSORS]) {
    int t;
    for (t = 0; t < TENSORS; t++)
        grads[t] = describe(g->data[t], lengths[t], role_of(t));
}

/* Whether these bytes are the same on every rank. */
static inline int same_everywhere(const void *bytes, size_t size) {
    unsigned char *all = (unsigned char *)malloc(size * (size_t)ranks + 1);
    int r, same = all != NULL;
    MPI_Allgather(bytes, (int)size, MPI_BYTE, all, (int)size, MPI_BYTE, MPI_COMM_WORLD);
    for (r = 0; r < ranks && same; r++)
        same = memcmp(all + (size_t)r * size, bytes, size) == 0;
    free(all);
    return same;
}

/* Whether every tensor has the same moments and affine on every rank, to the bit. */
static inline int same_decisions(const trimtab_tensor *grads, int n) {
    int t, same = 1;
    for (t = 0; t < n; t++) {
        same &= same_everywhere(&grads[t].moments, sizeof grads[t].moments);
        same &= same_everywhere(&grads[t].affine, sizeof grads[t].affine);
    }
    return same;
}

/* FNV-1a, to compare runs. */
static inline uint64_t digest(uint64_t hash, const void *bytes, size_t size) {
    const unsigned char *byte = (const unsigned char *)bytes;
    size_t i;
    for (i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * 1099511628211u;
    return hash;
}

#define DIGEST_START 14695981039346656037u

#endif
