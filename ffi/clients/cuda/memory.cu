// The host functions of trimtab on memory that a GPU sees, too. For each kind of memory a kernel writes a gradient,
// trimtab clips it through the host's pointer, and a kernel makes a step with the result.
//
//     ./memory        0: what was run is right; 1: it is not; 77: nothing was run, there is no usable CUDA device
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "trimtab.h"

constexpr size_t LEN = size_t{1} << 20, BYTES = LEN * sizeof(float);
constexpr int NOT_RUN = 77;
constexpr unsigned THREADS = 256, BLOCKS = LEN / THREADS;

// Ends the program where a call to CUDA fails.
static void must(cudaError_t error, const char *what) {
    if (error == cudaSuccess) return;
    std::printf("%s: %s (%s)\n", what, cudaGetErrorString(error), cudaGetErrorName(error));
    std::exit(1);
}

// A backward pass: elements of magnitude 3, so that the norm is 3 * sqrt(2^20) = 3072.
__global__ void backward(float *gradient) {
    const size_t i = size_t{blockIdx.x} * blockDim.x + threadIdx.x;
    gradient[i] = i % 3 == 0 ? -3.0f : 3.0f;
}

// An optimizer of one's own on the GPU.
__global__ void descend(float *weight, const float *gradient) {
    const size_t i = size_t{blockIdx.x} * blockDim.x + threadIdx.x;
    weight[i] -= 0.25f * gradient[i];
}

enum Kind { MAPPED, MANAGED, REGISTERED, SYSTEM, WRITE_COMBINED, KINDS };
static const char *const names[KINDS] = {
    "mapped pinned", "managed", "registered", "system-allocated", "write-combined",
};

// The same memory by the addresses that host and device have for it. They may be equal, and need not be.
struct Shared {
    float *host, *device;
};

static int attribute(cudaDeviceAttr which) {
    int value = 0;
    must(cudaDeviceGetAttribute(&value, which, 0), "cudaDeviceGetAttribute");
    return value;
}

// Why this device cannot have that kind; nullptr if it can.
static const char *missing(Kind kind) {
    switch (kind) {
    case MANAGED: return attribute(cudaDevAttrManagedMemory) ? nullptr : "no managed memory on this device";
    case REGISTERED: return attribute(cudaDevAttrHostRegisterSupported) ? nullptr : "cudaHostRegister is not supported";
    case SYSTEM: return attribute(cudaDevAttrPageableMemoryAccess) ? nullptr : "kernels cannot reach pageable memory";
    default: return attribute(cudaDevAttrCanMapHostMemory) ? nullptr : "this device cannot map host memory";
    }
}

static Shared allocate(Kind kind) {
    void *host = nullptr, *device = nullptr;
    if (kind == MANAGED) {
        must(cudaMallocManaged(&host, BYTES), "cudaMallocManaged");
        device = host;
    } else if (kind == MAPPED || kind == WRITE_COMBINED) {
        const unsigned combined = kind == WRITE_COMBINED ? cudaHostAllocWriteCombined : 0;
        must(cudaHostAlloc(&host, BYTES, cudaHostAllocMapped | combined), "cudaHostAlloc");
        must(cudaHostGetDevicePointer(&device, host, 0), "cudaHostGetDevicePointer");
    } else {
        device = host = std::malloc(BYTES);
        must(host ? cudaSuccess : cudaErrorMemoryAllocation, "malloc");
        if (kind == REGISTERED) {
            must(cudaHostRegister(host, BYTES, cudaHostRegisterMapped), "cudaHostRegister");
            must(cudaHostGetDevicePointer(&device, host, 0), "cudaHostGetDevicePointer");
        }
    }
    return {static_cast<float *>(host), static_cast<float *>(device)};
}

static void release(Kind kind, Shared memory) {
    if (kind == MANAGED) return must(cudaFree(memory.host), "cudaFree");
    if (kind == MAPPED || kind == WRITE_COMBINED) return must(cudaFreeHost(memory.host), "cudaFreeHost");
    if (kind == REGISTERED) must(cudaHostUnregister(memory.host), "cudaHostUnregister");
    std::free(memory.host);
}

// Whether the host may follow this pointer, as far as CUDA knows it. trimtab cannot ask: it does not know CUDA.
static bool host_may_use(const void *pointer) {
    cudaPointerAttributes attributes = {};
    must(cudaPointerGetAttributes(&attributes, pointer), "cudaPointerGetAttributes");
    return attributes.type != cudaMemoryTypeDevice;
}

// One read and one write of the gradient on the host; returns how long the read took, in milliseconds.
static double clip(float *gradient) {
    trimtab_tensor g = TRIMTAB_TENSOR(gradient, LEN, TRIMTAB_F32, TRIMTAB_WEIGHT);
    const auto start = std::chrono::steady_clock::now();
    trimtab_status status = trimtab_observe(&g, 1);
    const std::chrono::duration<double, std::milli> read = std::chrono::steady_clock::now() - start;
    if (status == TRIMTAB_OK) status = trimtab_clip_norm(1536.0, TRIMTAB_SCOPE_GLOBAL, &g, 1);
    if (status == TRIMTAB_OK) status = trimtab_apply(&g, 1);
    if (status != TRIMTAB_OK) {
        std::printf("trimtab: %s\n", trimtab_status_message(status));
        std::exit(1);
    }
    return read.count();
}

// How many weights are not what a step from 0 with half of the gradient makes of them. All numbers are exact in float.
static size_t wrong(const float *weights) {
    size_t count = 0;
    for (size_t i = 0; i < LEN; i++)
        count += weights[i] != (i % 3 == 0 ? 0.375f : -0.375f);
    return count;
}

static bool try_kind(Kind kind, float *weight, cudaStream_t stream) {
    if (const char *why = missing(kind)) {
        std::printf("%-17s not run: %s\n", names[kind], why);
        return true;
    }
    const Shared gradient = allocate(kind);
    must(host_may_use(gradient.host) ? cudaSuccess : cudaErrorInvalidValue, names[kind]);
    must(cudaMemsetAsync(weight, 0, BYTES, stream), "cudaMemsetAsync");

    backward<<<BLOCKS, THREADS, 0, stream>>>(gradient.device);
    must(cudaGetLastError(), "backward");
    must(cudaStreamSynchronize(stream), "backward"); // A launch returns at once: the host waits before it reads.

    const double milliseconds = clip(gradient.host);

    descend<<<BLOCKS, THREADS, 0, stream>>>(weight, gradient.device); // Launched after the write, so it sees it.
    must(cudaGetLastError(), "descend");
    std::vector<float> result(LEN);
    must(cudaMemcpyAsync(result.data(), weight, BYTES, cudaMemcpyDeviceToHost, stream), "cudaMemcpyAsync");
    must(cudaStreamSynchronize(stream), "descend"); // Before the memory is written again, or released.

    const size_t errors = wrong(result.data());
    if (errors == 0) std::printf("%-17s ok, observed in %.3f ms\n", names[kind], milliseconds);
    else std::printf("%-17s wrong: %zu of %zu weights\n", names[kind], errors, LEN);
    release(kind, gradient);
    return errors == 0;
}

int main() {
    int devices = 0;
    const cudaError_t error = cudaGetDeviceCount(&devices);
    if (error != cudaSuccess || devices == 0) {
        std::printf("not run: no usable CUDA device (%s)\n", cudaGetErrorString(error));
        return NOT_RUN;
    }
    must(cudaSetDevice(0), "cudaSetDevice");
    cudaStream_t stream;
    must(cudaStreamCreate(&stream), "cudaStreamCreate");
    float *weight = nullptr; // The host never needs it, so it is plain device memory.
    must(cudaMalloc(&weight, BYTES), "cudaMalloc");

    bool fine = true;
    for (int kind = 0; kind < KINDS; kind++)
        fine &= try_kind(static_cast<Kind>(kind), weight, stream);

    const bool refused = !host_may_use(weight);
    std::printf("%-17s %s\n", "device", refused ? "refused: the host cannot reach it" : "wrong: taken for host memory");

    must(cudaFree(weight), "cudaFree");
    must(cudaStreamDestroy(stream), "cudaStreamDestroy");
    return fine && refused ? 0 : 1;
}
