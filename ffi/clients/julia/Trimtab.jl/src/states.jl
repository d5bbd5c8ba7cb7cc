# States as bytes, and back.

# Valid as long as the state itself is preserved.
entry(states::Vector{T}) where {T} = States(pointer(states), length(states), kind(T), 0)
entry(state::Ref{T}) where {T} = States(Base.unsafe_convert(Ptr{T}, state), 1, kind(T), 0)
entry(state::Union{SgdState,AdamState}) = entry(state.steps)

"""
    save_states(states) -> Vector{UInt8}

All states of a run as bytes, to be loaded after a restart: the run then goes on as if it had never stopped, to the bit.
The bytes are the same on every machine.

`states`: a tuple of what the methods and the optimizer remember: `Vector{NormState}`, `Ref{AutoscaleState}`,
`Ref{ZclipState}`, `Ref{GuardState}`, [`SgdState`](@ref), [`AdamState`](@ref). Of the last two the number of steps is saved;
parameters and the optimizer's buffers are arrays of yours, to be saved like any others.
"""
function save_states(states::Tuple)
    size = Ref{Csize_t}(0)
    GC.@preserve states begin
        entries = States[entry(s) for s in states]
        check(trimtab_state_save(entries, length(entries), C_NULL, 0, size), :trimtab_state_save)
        bytes = Vector{UInt8}(undef, size[])
        check(trimtab_state_save(entries, length(entries), bytes, length(bytes), size), :trimtab_state_save)
    end
    return bytes
end

"""
    load_states!(states, bytes)

Reads back what [`save_states`](@ref) has made: states of the same kinds and counts, in the same order. Either all of them
are written or none. Returns `states`.

Throws `BAD_MAGIC`, `BAD_VERSION`, `TRUNCATED`, `BAD_LENGTH` or `BAD_CHECKSUM` for bytes that are not what was saved;
`WRONG_KIND` or `WRONG_COUNT` for other states.
"""
function load_states!(states::Tuple, bytes::Vector{UInt8})
    GC.@preserve states begin
        entries = States[entry(s) for s in states]
        check(trimtab_state_load(entries, length(entries), bytes, length(bytes)), :trimtab_state_load)
    end
    return states
end
