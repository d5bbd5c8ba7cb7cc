# Observe: what reads elements, and statistics. Nothing here writes one.

"""
    observe!(grads) -> Bool

Reads every gradient once: takes its statistics, and forgets what was decided. `true` if all elements are finite. `false`
if one is NaN, infinite or (`Float64`) beyond 1e150 in magnitude: the statistics are taken all the same, so that
[`guard!`](@ref) can decide; without a guard the next method throws `NON_FINITE`.
"""
function observe!(grads::Gradients)
    locate!(grads)
    at = Ref(NOWHERE)
    code = GC.@preserve grads trimtab_observe_at(grads.tensors, length(grads), at)
    return finite(code, :trimtab_observe, at[])
end

"""
    outlook(grads, i) -> Moments

Statistics of the `i`-th gradient as it will be written: what has been decided, seen through its moments. The largest
magnitude is an upper bound; a limit is seen in that alone. Ask before the write. Throws `ORDER` if not observed.
"""
function outlook(grads::Gradients, i::Integer)
    checkbounds(grads.tensors, i)
    locate!(grads)
    into = Ref(Moments())
    code = GC.@preserve grads trimtab_outlook(pointer(grads.tensors, i), into)
    check(code, :trimtab_outlook, i - 1)
    return into[]
end

function finite(code, call, at = NOWHERE)
    code == Int32(NON_FINITE) && return false
    check(code, call, at)
    return true
end

"""
    observe_chunk!(into, x) -> Bool

Adds the elements of `x` to `into`, a `Ref(Moments())`: streams a tensor while it is hot. A boundary between chunks at a
multiple of 65,536 elements from the start of the tensor changes no bit of the result. `false` if an element added so far
is not finite.
"""
function observe_chunk!(into::Ref{Moments}, x::AbstractArray)
    type = dtype(eltype(x))
    code = GC.@preserve x trimtab_observe_chunk(into, address(x), length(x), type)
    return finite(code, :trimtab_observe_chunk)
end

"""
    Moments(x)

The statistics of the elements of `x`: an array, dense and contiguous, of `Float16`, `BFloat16`, `Float32` or `Float64`.
Elements that are not finite show in them and throw nothing.
"""
function Moments(x::AbstractArray)
    into = Ref(Moments())
    observe_chunk!(into, x)
    return into[]
end

"""
    moments_merge!(into, from)

Adds the elements that `from` describes to `into`, a `Ref{Moments}`: processes, shards, several outputs of a network.
Returns `into`. Throws `BAD_LENGTH` if the count overflows.
"""
function moments_merge!(into::Ref{Moments}, from::Moments)
    check(trimtab_moments_merge(into, from), :trimtab_moments_merge)
    return into
end

"""
    moments_mean(moments)

sum / count; NaN for no elements.
"""
moments_mean(moments::Moments) = trimtab_moments_mean(moments)

"""
    moments_std(moments)

Unbiased standard deviation, sqrt((sum_sq - sum^2/count) / (count - 1)); NaN for fewer than two elements. A difference of at
most 2^-44 sum_sq is rounding and counts as 0.
"""
moments_std(moments::Moments) = trimtab_moments_std(moments)

"""
    moments_norm(moments)

2-norm, sqrt(sum_sq).
"""
moments_norm(moments::Moments) = trimtab_moments_norm(moments)
