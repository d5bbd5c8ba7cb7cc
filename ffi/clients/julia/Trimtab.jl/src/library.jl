# Where the library is found, and what its statuses become.

const HANDLE = Ref{Ptr{Cvoid}}(C_NULL)

# Names that the loader looks for. The number is that of the ABI.
const NAMES = if Sys.iswindows()
    ["trimtab", "libtrimtab"]
elseif Sys.isapple()
    ["libtrimtab.0.dylib", "libtrimtab.dylib"]
else
    ["libtrimtab.so.0", "libtrimtab.so"]
end

function __init__()
    # A handle that a precompiled image or a system image has kept belongs to another process.
    HANDLE[] = C_NULL
    Base.Experimental.register_error_hint(hint_at_optimisers, MethodError)
end

"Says why a rule has no methods yet."
function hint_at_optimisers(io, error, arguments, keywords)
    error.f in (StableGradRule, GradientStabilizerRule, AutoscaleRule) && isempty(methods(error.f)) || return nothing
    print(io, "\nIts methods come with Optimisers.jl: `using Optimisers`, with Julia 1.9 or newer.")
end

"Opens the library at the first call, so that the package can be loaded without it."
function library()
    HANDLE[] == C_NULL && (HANDLE[] = open_library())
    return HANDLE[]
end

function open_library()
    path = get(ENV, "TRIMTAB_LIBRARY", "")
    isempty(path) || return open_named(path)
    for name in NAMES
        handle = dlopen(name; throw_error = false)
        handle === nothing || return handle
    end
    error(
        "the trimtab library is nowhere to be found: the loader knows none of $(join(NAMES, ", ")). Build it with " *
        "`cargo build --release -p trimtab-ffi`, or install it by CMake, and set the environment variable " *
        "TRIMTAB_LIBRARY to the path of the shared library, or its folder into the loader's search path.",
    )
end

function open_named(path)
    try
        return dlopen(path)
    catch why
        error("TRIMTAB_LIBRARY is set to a file that cannot be loaded: $(sprint(showerror, why))")
    end
end

"The address of a function of the library."
function symbol(name::Symbol)
    address = dlsym(library(), name; throw_error = false)
    address === nothing || return address
    error("$(library_path()) has no function $name: it is no trimtab library, or older than this package")
end

"""
    Trimtab.library_path()

The path of the library in use.
"""
library_path() = dlpath(library())

"""
    Trimtab.library_version()

The version of the library in use.
"""
library_version() = VersionNumber(unsafe_string(trimtab_version()))

"""
    Trimtab.cpu_level()

The instruction set in use: "avx512", "avx2", "sse2", "neon" or "scalar". The environment variable `TRIMTAB_LEVEL` can
force one that the processor has. It decides speed, never results.
"""
cpu_level() = unsafe_string(trimtab_cpu_level())

"""
    Trimtab.set_threads(n)

Lets the library use up to `n` threads of its own, for all callers in this process; 1 unless asked otherwise. They are not
Julia's. Results are the same, to the bit, for any number.

Throws `BAD_CONFIG` for 0 and for more than 1,024; `UNSUPPORTED` for more than 1 in a library built without rayon, or if
the threads cannot be started.
"""
set_threads(n::Integer) = check(trimtab_set_threads(n), :trimtab_set_threads)

"""
    Trimtab.status_message(status)

What a status means and what to do.
"""
status_message(status) = unsafe_string(trimtab_status_message(Int32(status)))

"""
    Trimtab.init_std(activation, fan_in)

Standard deviation to draw a layer's weights from: gain(activation) / sqrt(fan_in), the gain being 1 / sqrt(E[f(z)^2]) for
standard normal z. `activation`: `Trimtab.RELU`, `TANH`, `SILU`, `GELU`, `SIN` or `IDENTITY`. NaN for `fan_in` 0.
"""
init_std(activation::Activation, fan_in::Integer) = trimtab_init_std(activation, fan_in)

"""
    TrimtabError(status, call, array = nothing, method = nothing)

A call was refused, and nothing was changed: not a bit of gradients, parameters, states or statistics.

`status`: a `Trimtab.Status`, `Trimtab.NON_FINITE` for instance. `call`: the name of the C function. `array`: which gradient
made it fail, counted from 1, if a single one did. `method`: which of the methods of [`decide!`](@ref), if there were several.
"""
struct TrimtabError <: Exception
    status::Status
    call::Symbol
    array::Union{Int,Nothing}
    method::Union{Int,Nothing}
end
TrimtabError(status, call) = TrimtabError(status, call, nothing, nothing)

function Base.showerror(io::IO, e::TrimtabError)
    print(io, "TrimtabError: ", e.call)
    e.method === nothing || print(io, ", method ", e.method, " of the chain,")
    print(io, " returned ", e.status)
    e.array === nothing || print(io, " for gradient ", e.array)
    print(io, ": ", status_message(e.status))
end

"Where no single array made a call fail, for the functions whose name ends in `_at`."
const NOWHERE = typemax(Csize_t)

"Throws unless a call returned `OK`. `at`: the index that it wrote, counted from 0."
function check(code::Int32, call::Symbol, at = NOWHERE, method = nothing)
    code == Int32(OK) && return nothing
    array = at == NOWHERE ? nothing : Int(at) + 1
    any(status -> Int32(status) == code, instances(Status)) && throw(TrimtabError(Status(code), call, array, method))
    error("$call returned $code, which this version of Trimtab.jl does not know: $(status_message(code))")
end
