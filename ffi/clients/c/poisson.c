/* A deep physics-informed network in one C file, trained by stochastic gradient descent with GradientStabilizer in front.
 *
 *     -u''(x) = pi^2 sin(pi x)  on [-1, 1],   u(-1) = u(1) = 0,   so u(x) = sin(pi x)
 *
 * u is a network of 16 hidden layers of tanh. It is trained from the equation alone; the solution is only compared with.
 * The gradients come from this file, and so does the update. Between them stand three calls of trimtab.
 *
 *     cc -O3 poisson.c $(pkg-config --cflags --libs trimtab) -lm -o poisson
 *     ./poisson [steps]
 *
 * Ends with an error code if the network has not found the solution. With fewer steps than usual it only has to be
 * nearer to it than u = 0 is.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <trimtab.h>

enum {
    DEPTH = 16,           /* hidden layers */
    WIDTH = 16,           /* neurons in each */
    LAYERS = DEPTH + 1,   /* and the linear one that ends in u */
    INSIDE = 64,          /* points where the equation is asked for */
    POINTS = INSIDE + 2,  /* and the two ends of the interval */
    TENSORS = 2 * LAYERS, /* a matrix and a bias for each layer */
    STEPS = 2000
};

static const double PI = 3.14159265358979323846, RATE = 0.01, MOMENTUM = 0.9;

/* z = w h + b: the weight from neuron j to neuron i is w[j * outs + i]. Also the gradient of one, and its velocity. */
typedef struct {
    int ins, outs;
    float w[WIDTH * WIDTH], b[WIDTH];
} layer;

/* What a layer's neurons hold at one point: value, first and second derivative by x. Also the gradient of the loss. */
typedef struct {
    float u[WIDTH], x[WIDTH], xx[WIDTH];
} jet;

static layer network[LAYERS], gradient[LAYERS], velocity[LAYERS];
static jet inputs[LAYERS + 1][POINTS]; /* of each layer; the last are the outputs of the network */
static jet sums[LAYERS][POINTS];       /* z of each layer */

static double place(int point) {
    if (point >= INSIDE)
        return point == INSIDE ? -1 : 1;
    return -1 + (2 * point + 1) / (double)INSIDE;
}

/* In [0, 1): a linear congruential generator (Knuth's MMIX). */
static double uniform(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 9007199254740992.0;
}

/* Normally distributed weights of standard deviation 1/sqrt(ins). */
static void initialise(void) {
    uint64_t state = 1; /* the same network every time */
    memset(network, 0, sizeof network);
    for (int l = 0; l < LAYERS; l++) {
        layer *at = &network[l];
        at->ins = l == 0 ? 1 : WIDTH;
        at->outs = l == DEPTH ? 1 : WIDTH;
        double deviation = trimtab_init_std(TRIMTAB_IDENTITY, (size_t)at->ins);
        for (int k = 0; k < at->ins * at->outs; k++) {
            double radius = sqrt(-2 * log(1 - uniform(&state)));
            at->w[k] = (float)(deviation * radius * cos(2 * PI * uniform(&state)));
        }
    }
}

/* z = w h + b, and its derivatives by x. */
static void forward_linear(const layer *at, const jet *h, jet *z) {
    memset(z, 0, sizeof *z);
    memcpy(z->u, at->b, sizeof at->b);
    for (int j = 0; j < at->ins; j++)
        for (int i = 0; i < at->outs; i++) {
            float w = at->w[j * at->outs + i];
            z->u[i] += w * h->u[j];
            z->x[i] += w * h->x[j];
            z->xx[i] += w * h->xx[j];
        }
}

/* h = tanh(z):  h_x = f' z_x,  h_xx = f'' z_x^2 + f' z_xx  with f' = 1 - f^2, f'' = -2 f f'. */
static void forward_tanh(const jet *z, jet *h) {
    for (int i = 0; i < WIDTH; i++) {
        float f = tanhf(z->u[i]), f1 = 1 - f * f, f2 = -2 * f * f1;
        h->u[i] = f;
        h->x[i] = f1 * z->x[i];
        h->xx[i] = f2 * z->x[i] * z->x[i] + f1 * z->xx[i];
    }
}

static void forward(int point) {
    jet *input = &inputs[0][point];
    input->u[0] = (float)place(point);
    input->x[0] = 1;
    input->xx[0] = 0;
    for (int l = 0; l < DEPTH; l++) {
        forward_linear(&network[l], &inputs[l][point], &sums[l][point]);
        forward_tanh(&sums[l][point], &inputs[l + 1][point]);
    }
    forward_linear(&network[DEPTH], &inputs[DEPTH][point], &inputs[LAYERS][point]);
}

/* From the gradient of the loss by h to the one by z, in place; f''' = f' (6 f^2 - 2). */
static void backward_tanh(const jet *z, const jet *h, jet *g) {
    for (int i = 0; i < WIDTH; i++) {
        float f = h->u[i], f1 = 1 - f * f, f2 = -2 * f * f1, f3 = f1 * (6 * f * f - 2);
        float zx = z->x[i], zxx = z->xx[i], gu = g->u[i], gx = g->x[i], gxx = g->xx[i];
        g->u[i] = f1 * gu + f2 * zx * gx + (f3 * zx * zx + f2 * zxx) * gxx;
        g->x[i] = f1 * gx + 2 * f2 * zx * gxx;
        g->xx[i] = f1 * gxx;
    }
}

/* Adds the gradients by w and b; returns the one by h. */
static jet backward_linear(const layer *at, const jet *h, const jet *g, layer *into) {
    jet by_h;
    memset(&by_h, 0, sizeof by_h);
    for (int i = 0; i < at->outs; i++)
        into->b[i] += g->u[i];
    for (int j = 0; j < at->ins; j++)
        for (int i = 0; i < at->outs; i++) {
            int k = j * at->outs + i;
            into->w[k] += g->u[i] * h->u[j] + g->x[i] * h->x[j] + g->xx[i] * h->xx[j];
            by_h.u[j] += at->w[k] * g->u[i];
            by_h.x[j] += at->w[k] * g->x[i];
            by_h.xx[j] += at->w[k] * g->xx[i];
        }
    return by_h;
}

/* g is the gradient of the loss by the network's output at this point. */
static void backward(int point, jet g) {
    for (int l = DEPTH; l >= 0; l--) {
        if (l < DEPTH)
            backward_tanh(&sums[l][point], &inputs[l + 1][point], &g);
        g = backward_linear(&network[l], &inputs[l][point], &g, &gradient[l]);
    }
}

/* loss = mean over the inside of (u''/pi^2 + sin(pi x))^2 + mean over the ends of u^2; leaves its gradient. */
static double loss_and_gradient(void) {
    double loss = 0;
    memcpy(gradient, network, sizeof gradient); /* for the sizes */
    for (int l = 0; l < LAYERS; l++) {
        memset(gradient[l].w, 0, sizeof gradient[l].w);
        memset(gradient[l].b, 0, sizeof gradient[l].b);
    }
    for (int p = 0; p < POINTS; p++) {
        jet g;
        forward(p);
        memset(&g, 0, sizeof g);
        if (p < INSIDE) {
            double residual = inputs[LAYERS][p].xx[0] / (PI * PI) + sin(PI * place(p));
            loss += residual * residual / INSIDE;
            g.xx[0] = (float)(2 * residual / (PI * PI) / INSIDE);
        } else {
            double residual = inputs[LAYERS][p].u[0];
            loss += residual * residual / 2;
            g.u[0] = (float)residual;
        }
        backward(p, g);
    }
    return loss;
}

/* ||u - sin(pi x)|| / ||sin(pi x)|| over the points of the last pass. */
static double relative_error(void) {
    double difference = 0, size = 0;
    for (int p = 0; p < POINTS; p++) {
        double exact = sin(PI * place(p)), misfit = inputs[LAYERS][p].u[0] - exact;
        difference += misfit * misfit;
        size += exact * exact;
    }
    return sqrt(difference / size);
}

/* Brings the gradients to their usual norms, in place: this is what trimtab is for. */
static trimtab_status stabilise(trimtab_norm_state states[TENSORS]) {
    trimtab_tensor tensors[TENSORS];
    for (int l = 0; l < LAYERS; l++) {
        layer *g = &gradient[l];
        size_t outs = (size_t)g->outs, weights = (size_t)g->ins * outs;
        trimtab_tensor w = TRIMTAB_TENSOR(g->w, weights, TRIMTAB_F32, TRIMTAB_WEIGHT);
        trimtab_tensor b = TRIMTAB_TENSOR(g->b, outs, TRIMTAB_F32, TRIMTAB_BIAS);
        tensors[2 * l] = w;
        tensors[2 * l + 1] = b;
    }
    trimtab_status status = trimtab_observe(tensors, TENSORS);
    if (status == TRIMTAB_OK)
        status = trimtab_gradient_stabilizer(NULL, states, tensors, TENSORS);
    if (status == TRIMTAB_OK)
        status = trimtab_apply(tensors, TENSORS);
    return status;
}

static void descend_one(float *parameters, const float *slope, float *speed, int count, double rate) {
    for (int k = 0; k < count; k++) {
        speed[k] = (float)(MOMENTUM * speed[k] + slope[k]);
        parameters[k] -= (float)(rate * speed[k]);
    }
}

static void descend(double rate) {
    for (int l = 0; l < LAYERS; l++) {
        layer *at = &network[l], *g = &gradient[l], *v = &velocity[l];
        descend_one(at->w, g->w, v->w, at->ins * at->outs, rate);
        descend_one(at->b, g->b, v->b, at->outs, rate);
    }
}

/* Trains a new network and prints how; the error that it ends with, NAN if the gradients became useless. */
static double train(int stabilised, int steps) {
    trimtab_norm_state states[TENSORS];
    memset(states, 0, sizeof states);
    memset(velocity, 0, sizeof velocity);
    initialise();
    for (int step = 0; step <= steps; step++) {
        double loss = loss_and_gradient();
        if (step % (steps < 5 ? 1 : steps / 5) == 0)
            printf("%6d  loss %.2e  error %.5f\n", step, loss, relative_error());
        if (stabilised) {
            trimtab_status status = stabilise(states);
            if (status != TRIMTAB_OK) {
                fprintf(stderr, "step %d: %s\n", step, trimtab_status_message(status));
                return NAN;
            }
        }
        if (step < steps) /* down to 0 along half a cosine */
            descend(RATE * 0.5 * (1 + cos(PI * step / steps)));
    }
    return relative_error();
}

int main(int argc, char **argv) {
    int steps = argc > 1 ? atoi(argv[1]) : STEPS;
    if (steps < 1) {
        fprintf(stderr, "usage: %s [steps]\n", argv[0]);
        return 2;
    }
    printf("SGD alone\n");
    double alone = train(0, steps);
    printf("GradientStabilizer, then SGD\n");
    double error = train(1, steps);
    double largest = steps < STEPS ? 1 : 0.005;
    printf("relative error %.5f alone, %.5f with GradientStabilizer (at most %g asked for)\n", alone, error, largest);
    return error <= largest ? EXIT_SUCCESS : EXIT_FAILURE;
}
