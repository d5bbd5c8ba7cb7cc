# Julia's own idea of every struct, against ffi/abi.json.

# trimtab_gradient_stabilizer_config is GradientStabilizerConfig.
mirror(c) = getfield(Trimtab, Symbol(join(map(uppercasefirst, split(c, "_")[2:end]))))

# The manifest has a line for each field, below the name of the struct and its size.
function layouts(manifest)
    found = Dict{String,Any}()
    name = ""
    for line in eachline(manifest)
        struct_line = match(r"^    \"(trimtab_\w+)\": \{", line)
        size_line = match(r"\"size\": (\d+), \"alignment\": (\d+)", line)
        field_line = match(r"\"name\": \"(\w+)\", \"type\": .*\"offset\": (\d+), \"size\": (\d+)", line)
        if struct_line !== nothing
            name = struct_line[1]
        elseif size_line !== nothing
            found[name] = (size = parse(Int, size_line[1]), fields = [])
        elseif field_line !== nothing
            push!(found[name].fields, (Symbol(field_line[1]), parse(Int, field_line[2]), parse(Int, field_line[3])))
        end
    end
    return found
end

@testset "mirrors" begin
    expected = layouts(joinpath(@__DIR__, "..", "..", "..", "..", "abi.json"))
    @test length(expected) > 20
    for (name, layout) in expected
        type = mirror(name)
        fields = [(fieldname(type, i), Int(fieldoffset(type, i)), sizeof(fieldtype(type, i))) for i in 1:fieldcount(type)]
        @test isbitstype(type)
        @test sizeof(type) == layout.size
        @test fields == layout.fields
    end

    @test StableGradConfig().struct_size == 16
    @test AdamConfig(lr = 2, decoupled = false) == Trimtab.AdamConfig(56, 0, 2.0, 0.9, 0.999, 1e-8, 0.0, ROLES_ALL, 0)
end
