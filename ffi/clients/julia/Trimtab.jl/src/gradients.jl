# Arrays, described for the library.

"The element type in the library's terms."
dtype(::Type{Float16}) = F16
dtype(::Type{Float32}) = F32
dtype(::Type{Float64}) = F64
# Core has it from Julia 1.11 on, BFloat16s.jl before: known by its name, it needs neither.
function dtype(T::Type)
    isbitstype(T) && sizeof(T) == 2 && nameof(T) === :BFloat16 && return BF16
    throw(ArgumentError("elements of type $T: trimtab knows Float16, BFloat16, Float32 and Float64"))
end

"Whether the elements lie one after the other in the order of their indices."
function contiguous(x::StridedArray)
    expected = 1
    for (extent, stride) in zip(size(x), strides(x))
        extent == 1 || stride == expected || isempty(x) || return false
        expected *= extent
    end
    return true
end
contiguous(x) = false

"The address of the first element, in memory of the host."
function address(x)
    contiguous(x) ||
        throw(ArgumentError("$(summary(x)) is not dense and contiguous: pass a copy, or the array that it shows"))
    start = pointer(x)
    start isa Ptr || throw(ArgumentError("$(summary(x)) does not lie in the memory of the host"))
    return Ptr{Cvoid}(start)
end

"What an array is unless the caller says otherwise: vectors are biases."
role(x) = ndims(x) > 1 ? WEIGHT : BIAS

"The arrays of floating-point numbers in a tree of tuples, named tuples, arrays and structs, each once."
function leaves(tree)
    found = Any[]
    collect_leaves!(found, IdDict{Any,Nothing}(), tree)
    return found
end

const Branches = Union{Tuple,NamedTuple,AbstractArray,Base.Generator}
const NoArrays = Union{Nothing,Number,Symbol,AbstractString,Function,Type,Module}

collect_leaves!(found, seen, x::NoArrays) = nothing
collect_leaves!(found, seen, x::Branches) = foreach(child -> collect_leaves!(found, seen, child), x)

function collect_leaves!(found, seen, x::AbstractArray{<:Number})
    eltype(x) <: Integer && return nothing
    is_new!(seen, x) && push!(found, x)
    return nothing
end

function collect_leaves!(found, seen, x::AbstractDict)
    throw(ArgumentError("a $(typeof(x)) has no order of its own: pass a tuple of its arrays instead"))
end

function collect_leaves!(found, seen, x)
    is_new!(seen, x) || return nothing
    for name in fieldnames(typeof(x))
        isdefined(x, name) && collect_leaves!(found, seen, getfield(x, name))
    end
end

function is_new!(seen, x)
    haskey(seen, x) && return false
    seen[x] = nothing
    return true
end

"""
    Gradients(tree...; roles)

Describes gradients for the library: arrays, or tuples, named tuples, arrays and structs of them, nested as you like. No
element is copied or read. The arrays are taken from left to right, each once, however often the tree shows it; arrays of
integers, numbers, functions and `nothing` are passed over.

Arrays are `DenseArray`s, or contiguous views of them, in memory of the host, of `Float16`, `BFloat16`, `Float32` or
`Float64`; each is one tensor to the methods. Describe each column as an array, by `eachcol` for instance, and every method
works column by column. Two arrays must not overlap.

`roles`: `WEIGHT` or `BIAS` for each array, in their order. Left out, arrays with two or more dimensions are weights, and
vectors are biases.

`length(grads)` is the number of arrays; `grads[i]` shows what the library knows of the `i`-th: `grads[i].moments`,
`grads[i].affine`. The arrays are kept alive as long as the `Gradients` are, and may be used for any number of steps.

```julia
grads = Gradients(dW, db)
grads = Gradients((W = dW, b = db); roles = [WEIGHT, BIAS])
```
"""
struct Gradients
    arrays::Vector{Any}
    tensors::Vector{Tensor}

    function Gradients(tree...; roles = nothing)
        arrays = leaves(tree)
        isempty(arrays) && throw(ArgumentError("no array of floating-point numbers among $(map(typeof, tree))"))
        roles === nothing && (roles = map(role, arrays))
        length(roles) == length(arrays) ||
            throw(DimensionMismatch("$(length(roles)) roles for $(length(arrays)) arrays"))
        return new(arrays, Tensor[describe(x, r) for (x, r) in zip(arrays, roles)])
    end
end

describe(x, role) = Tensor(address(x), length(x), dtype(eltype(x)), role, Moments(), Affine())

Base.length(grads::Gradients) = length(grads.tensors)
Base.getindex(grads::Gradients, i::Integer) = grads.tensors[i]
Base.iterate(grads::Gradients, state...) = iterate(grads.tensors, state...)
Base.eltype(::Type{Gradients}) = Tensor
Base.show(io::IO, grads::Gradients) = print(io, "Gradients of ", length(grads), " arrays")

"Looks where the arrays lie now: `resize!` may have moved them."
function locate!(grads::Gradients)
    for (i, x) in enumerate(grads.arrays)
        t = grads.tensors[i]
        length(x) == t.len ||
            throw(DimensionMismatch("gradient $i was described with $(Int(t.len)) elements and has $(length(x)) now"))
        grads.tensors[i] = Tensor(address(x), t.len, t.dtype, t.role, t.moments, t.affine)
    end
end

"""
    set_moments!(grads, i, moments)

Takes these as the statistics of the `i`-th gradient, streamed by [`observe_chunk!`](@ref) or merged over processes by
[`moments_merge!`](@ref), instead of what `observe!` would find. A count above the length means that the array is a shard.
Returns `grads`.
"""
function set_moments!(grads::Gradients, i::Integer, moments::Moments)
    t = grads.tensors[i]
    grads.tensors[i] = Tensor(t.data, t.len, t.dtype, t.role, moments, Affine())
    return grads
end
