# Which arrays are found and described, and which are refused.

struct Layer
    name::String
    weight::Matrix{Float32}
    rest::Any
end

# A type that is called BFloat16 is one.
module Sixteen
primitive type BFloat16 16 end
end

@testset "arrays" begin
    tree = example()
    grads = Gradients(tree)
    @test length(grads) == 2
    @test [t.role for t in grads] == [WEIGHT, BIAS]
    @test [Int(t.len) for t in grads] == [4, 3]
    @test observe!(grads)
    @test grads[1].moments == Trimtab.Moments(4, 2.5, 14.25, 3.0)
    @test grads[2].affine == Trimtab.Affine(0, 1, Inf)

    # Roles of the caller's.
    @test [t.role for t in Gradients([[1.0], [2.0]]; roles = [BIAS, WEIGHT])] == [BIAS, WEIGHT]

    # Each array once, in its order, whatever the tree is made of.
    W, b = Float32[1 2; 3 4], Float32[5]
    layer = Layer("dense", W, (nothing, sin, 3.0, [1, 2], Ref(b), W))
    @test [Int(t.len) for t in Gradients((layer, [b]))] == [4, 1]
    @test length(Gradients(W)) == 1
    @test [t.role for t in Gradients(W, b)] == [WEIGHT, BIAS]

    # Element types. 0x3f80 is 1 as bfloat16, 0xc000 is -2.
    brain = [reinterpret(Sixteen.BFloat16, bits) for bits in (0x3f80, 0xc000)]
    for x in (Float16[1, -2], Float32[1, -2], Float64[1, -2])
        @test Moments(x) == Trimtab.Moments(2, -1.0, 5.0, 2.0)
    end
    into = Ref(Moments())
    @test Trimtab.trimtab_observe_chunk(into, Trimtab.address(brain), 2, Trimtab.dtype(eltype(brain))) == 0
    @test into[] == Trimtab.Moments(2, -1.0, 5.0, 2.0)

    # Column by column: each column is a tensor of its own.
    A = [3.0 0.0; 4.0 2.0]
    columns = Gradients(eachcol(A))
    @test observe!(columns)
    apply!(clip_norm!(columns, 1.0))
    @test A ≈ [0.6 0.0; 0.8 1.0]

    # What the library could not read as it lies.
    @test_throws ArgumentError Gradients(view(A, 1, :))
    @test_throws ArgumentError Gradients(A')
    @test_throws ArgumentError Gradients([1.0 + 2.0im])
    @test_throws ArgumentError Gradients(Dict(:A => A))
    @test_throws ArgumentError Gradients([1, 2, 3])
    @test_throws ArgumentError Gradients()
    @test_throws DimensionMismatch Gradients(A; roles = [WEIGHT, BIAS])
    @test length(Gradients(view(A, :, 2:2))) == 1

    # An array that has moved is found, one of another length is refused.
    x = [1.0, 2.0]
    moving = Gradients(x)
    resize!(x, 100_000)
    @test_throws DimensionMismatch observe!(moving)
    resize!(x, 2)
    @test observe!(moving)
    apply!(scale!(moving, 2))
    @test x == [2.0, 4.0]

    # The arrays live as long as the description does.
    kept = Gradients(fill(0.5, 1000, 10))
    GC.gc()
    @test observe!(kept)
    @test kept[1].moments.sum == 5000
    @test observe!(Gradients(zeros(Float32, 0))) # An empty array is one.
end
