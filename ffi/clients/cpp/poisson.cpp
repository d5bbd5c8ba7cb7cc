// A deep physics-informed network in one file: Poisson's equation
//
//     -u''(x) = pi^2 sin(pi x) on [-1, 1],   u(-1) = u(1) = 0,   solved by u(x) = sin(pi x),
//
// with 16 hidden layers of tanh. The derivatives are written out by hand: the network carries u, u' and u'' forward,
// and the gradient of the loss with respect to all three back. Between the backward pass and AdamW stands StableGrad,
// which gives every weight gradient the standard deviation of dL/d(u, u''), so that all layers learn at one scale.
//
//     poisson [steps [alone]]      3000 steps unless said otherwise; alone: AdamW without StableGrad
//
// It prints loss and relative L2 error as it trains, and fails if a call is refused, or if after 3000 steps or more the
// error is not below 1 %.

#include <trimtab.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numbers>
#include <numeric>
#include <random>
#include <span>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t depth = 16, width = 16, points = 64;
constexpr long usual_steps = 3000;
constexpr double pi = std::numbers::pi, largest_rate = 1e-2, small_error = 0.01;

/// One neuron at all points.
using row = std::array<float, points>;
/// u, u' and u'' of every neuron of a layer; also the gradients of the loss with respect to them.
struct jets {
    std::array<row, width> value, first, second;
};

/// Weights, one row of `in` for each of `out` neurons, and biases.
struct layer {
    std::size_t in, out;
    std::span<float> weights, biases;
};

/// As many numbers as there are parameters: the parameters themselves, their gradient, or what Adam remembers of them.
class network {
  public:
    network() : numbers(size()) {
        auto rest = std::span(numbers);
        for (std::size_t l = 0; l <= depth; ++l) {
            const std::size_t in = l == 0 ? 1 : width, out = l == depth ? 1 : width;
            layers.push_back({in, out, rest.first(in * out), rest.subspan(in * out, out)});
            rest = rest.subspan(in * out + out);
        }
    }
    network(const network&) = delete;  // The layers point into the numbers.

    std::vector<layer> layers;

  private:
    static constexpr std::size_t size() { return 2 * width + (depth - 1) * (width + 1) * width + width + 1; }
    std::vector<float> numbers;
};

/// What the forward pass leaves for the backward pass: each layer's sums, and its outputs.
struct tape {
    jets input{};
    std::vector<jets> sums = std::vector<jets>(depth + 1), outputs = std::vector<jets>(depth);
};

/// Weights that keep activations in scale through any depth; biases are 0.
void initialise(network& net, std::mt19937& random) {
    for (std::size_t l = 0; l <= depth; ++l) {
        // What this layer reads: x itself, or activations.
        const auto reads = l == 0 ? trimtab::activation::identity : trimtab::activation::tanh;
        std::normal_distribution<float> normal(0.0f, static_cast<float>(trimtab::init_std(reads, net.layers[l].in)));
        std::ranges::generate(net.layers[l].weights, [&] { return normal(random); });
    }
}

/// to[i] += sum of weights[i][j] * from[j]
void multiply(const layer& its, const std::array<row, width>& from, std::array<row, width>& to) {
    for (std::size_t i = 0; i < its.out; ++i)
        for (std::size_t j = 0; j < its.in; ++j)
            for (std::size_t p = 0; p < points; ++p) to[i][p] += its.weights[i * its.in + j] * from[j][p];
}

/// to[j] += sum of weights[i][j] * from[i], and gradient[i][j] += from[i] . read[j]
void multiply_back(const layer& its, const layer& gradient, const std::array<row, width>& from,
                   const std::array<row, width>& read, std::array<row, width>& to) {
    for (std::size_t i = 0; i < its.out; ++i)
        for (std::size_t j = 0; j < its.in; ++j) {
            float sum = 0;
            for (std::size_t p = 0; p < points; ++p) {
                to[j][p] += its.weights[i * its.in + j] * from[i][p];
                sum += from[i][p] * read[j][p];
            }
            gradient.weights[i * its.in + j] += sum;
        }
}

/// The outputs of a layer, from its sums.
void activate(const jets& a, jets& out) {
    for (std::size_t i = 0; i < width; ++i)
        for (std::size_t p = 0; p < points; ++p) {
            // tanh' = 1 - tanh^2 and tanh'' = -2 tanh tanh'
            const float y = std::tanh(a.value[i][p]), d1 = 1 - y * y, d2 = -2 * y * d1, first = a.first[i][p];
            out.value[i][p] = y;
            out.first[i][p] = d1 * first;
            out.second[i][p] = d1 * a.second[i][p] + d2 * first * first;
        }
}

/// u, u' and u'' at all points: the only neuron of the last layer, which is linear.
const jets& forward(const network& net, const row& x, tape& t) {
    t.input.value[0] = x;
    t.input.first[0].fill(1);
    for (std::size_t l = 0; l <= depth; ++l) {
        const jets& in = l == 0 ? t.input : t.outputs[l - 1];
        jets& a = t.sums[l] = {};
        multiply(net.layers[l], in.value, a.value);
        multiply(net.layers[l], in.first, a.first);
        multiply(net.layers[l], in.second, a.second);
        for (std::size_t i = 0; i < net.layers[l].out; ++i)
            for (float& sum : a.value[i]) sum += net.layers[l].biases[i];
        if (l < depth) activate(a, t.outputs[l]);
    }
    return t.sums.back();
}

/// From the gradient with respect to a layer's outputs to that with respect to its sums, in place.
void through_tanh(const jets& a, const jets& out, jets& g) {
    for (std::size_t i = 0; i < width; ++i)
        for (std::size_t p = 0; p < points; ++p) {
            // tanh''' = -2 tanh' (1 - 3 tanh^2)
            const float y = out.value[i][p], d1 = 1 - y * y, d2 = -2 * y * d1, d3 = -2 * d1 * (1 - 3 * y * y);
            const float first = a.first[i][p], second = a.second[i][p];
            const float g0 = g.value[i][p], g1 = g.first[i][p], g2 = g.second[i][p];
            g.value[i][p] = d1 * g0 + d2 * first * g1 + (d2 * second + d3 * first * first) * g2;
            g.first[i][p] = d1 * g1 + 2 * d2 * first * g2;
            g.second[i][p] = d1 * g2;
        }
}

/// The gradient with respect to all parameters, from that with respect to u, u' and u''.
void backward(const network& net, const tape& t, jets g, network& gradient) {
    for (std::size_t l = depth + 1; l-- > 0;) {
        const layer &its = net.layers[l], &sum = gradient.layers[l];
        if (l < depth) through_tanh(t.sums[l], t.outputs[l], g);
        std::ranges::fill(sum.weights, 0.0f);
        for (std::size_t i = 0; i < its.out; ++i)
            sum.biases[i] = std::accumulate(g.value[i].begin(), g.value[i].end(), 0.0f);
        const jets& in = l == 0 ? t.input : t.outputs[l - 1];
        jets before{};
        multiply_back(its, sum, g.value, in.value, before.value);
        multiply_back(its, sum, g.first, in.first, before.first);
        multiply_back(its, sum, g.second, in.second, before.second);
        g = before;
    }
}

/// Mean square of the residual -u'' - pi^2 sin(pi x) inside, divided by 10 to be of the size of u, plus that of u at
/// both ends, which are the first and the last point. `gradient` is zeros before.
double loss(const row& x, const jets& u, jets& gradient) {
    constexpr double inside = points - 2, scale = 10;
    double sum = 0;
    for (const std::size_t p : {std::size_t{0}, points - 1}) {
        sum += u.value[0][p] * u.value[0][p] / 2;
        gradient.value[0][p] = u.value[0][p];
    }
    for (std::size_t p = 1; p < points - 1; ++p) {
        const double residual = (-u.second[0][p] - pi * pi * std::sin(pi * x[p])) / scale;
        sum += residual * residual / inside;
        gradient.second[0][p] = static_cast<float>(-2 * residual / scale / inside);
    }
    return sum;
}

/// ||u - sin(pi x)|| / ||sin(pi x)||
double relative_error(const row& x, const jets& u) {
    double difference = 0, exact = 0;
    for (std::size_t p = 0; p < points; ++p) {
        const double solution = std::sin(pi * x[p]);
        difference += (u.value[0][p] - solution) * (u.value[0][p] - solution);
        exact += solution * solution;
    }
    return std::sqrt(difference / exact);
}

/// Both ends, and a point somewhere in each of equal cells between them: a network this deep could hide narrow spikes
/// between points that stay where they are.
row training_points(std::mt19937& random) {
    std::uniform_real_distribution<float> somewhere(0, 1);
    row x;
    for (std::size_t p = 0; p < points; ++p)
        x[p] = -1 + 2 * (static_cast<float>(p) - 1 + somewhere(random)) / static_cast<float>(points - 2);
    x.front() = -1;
    x.back() = 1;
    return x;
}

row test_points() {
    row x;
    for (std::size_t p = 0; p < points; ++p) x[p] = -1 + (2 * static_cast<float>(p) + 1) / static_cast<float>(points);
    return x;
}

/// What StableGrad scales by. Inside, dL/du is 0, because the equation contains u'' alone: so the gradients with
/// respect to both are pooled.
double reference(const jets& output_gradient) {
    trimtab::moments pooled, second;
    trimtab::observe_chunk(pooled, output_gradient.value[0]);
    trimtab::observe_chunk(second, output_gradient.second[0]);
    trimtab::moments_merge(pooled, second);
    return trimtab::moments_std(pooled);
}

bool train(long steps, bool stable) {
    std::mt19937 random(0);
    network net, gradient, first_moment, second_moment;
    initialise(net, random);

    // Made once: they point into the vectors above, which stay where they are.
    std::vector<trimtab::tensor> grads;
    std::vector<trimtab::slot> slots;
    for (std::size_t l = 0; l <= depth; ++l) {
        const layer &w = net.layers[l], &g = gradient.layers[l];
        const layer &m = first_moment.layers[l], &v = second_moment.layers[l];
        grads.push_back(trimtab::weight(g.weights));
        grads.push_back(trimtab::bias(g.biases));
        slots.push_back(trimtab::adam_slot(w.weights, m.weights, v.weights));
        slots.push_back(trimtab::adam_slot(w.biases, m.biases, v.biases));
    }

    const row between = test_points();
    tape t;
    trimtab::step_state state;
    double error = 1;
    for (long step = 0;; ++step) {
        const row x = training_points(random);
        jets output_gradient{};
        const double now = loss(x, forward(net, x, t), output_gradient);
        backward(net, t, output_gradient, gradient);
        if (step % std::max(steps / 10, 1L) == 0 || step == steps) {
            error = relative_error(between, forward(net, between, t));
            std::printf("step %5ld   loss %9.2e   error %9.2e\n", step, now, error);
        }
        if (step == steps) return steps < usual_steps || error < small_error;

        trimtab::observe(grads);
        if (stable) trimtab::stable_grad(reference(output_gradient), grads);
        const double done = static_cast<double>(step) / static_cast<double>(steps);
        const double rate = largest_rate * (1 + std::cos(pi * done)) / 2;
        trimtab::adam_step(state, grads, slots, {.lr = rate, .beta2 = 0.99});
    }
}

}  // namespace

int main(int argc, char** argv) {
    const long steps = argc > 1 ? std::strtol(argv[1], nullptr, 10) : usual_steps;
    const bool alone = argc > 2 && argv[2] == std::string_view("alone");
    if (steps < 1 || argc > 3 || (argc > 2 && !alone)) {
        std::fprintf(stderr, "usage: %s [steps [alone]], steps at least 1\n", argv[0]);
        return 2;
    }
    try {
        return train(steps, !alone) ? 0 : 1;
    } catch (const trimtab::error& refused) {
        std::fprintf(stderr, "%s\n", refused.what());
        return 1;
    }
}
