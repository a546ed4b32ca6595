// Source of an attack's random numbers. TextAttack seeds two generators once per run, so an outcome
// depends on all earlier draws; here each example has its own stream by default, and TextAttack's
// scheme is the alternative (docs/methods/attacks.md, Random numbers).

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using RobustTickets.Attacks.Python;

namespace RobustTickets.Attacks;

/// <summary>A stream of random numbers. Not thread-safe.</summary>
public interface IRandomSource
{
    /// <summary>A number in [low, high); corresponds to numpy's <c>randint</c>.</summary>
    int Integer(int low, int high);

    /// <summary>
    /// An index below <paramref name="count"/>; corresponds to Python's <c>random.choice</c>.
    /// </summary>
    int Choice(int count);
}

/// <summary>How examples share random streams.</summary>
public abstract record RandomPlan
{
    /// <summary>Description in settings.</summary>
    public abstract string Description { get; }

    /// <summary>
    /// Whether examples share a stream: they must then be attacked sequentially, all in one run.
    /// </summary>
    public abstract bool SharesStream { get; }

    /// <summary>Starts a run: the returned function maps an example's id to its stream.</summary>
    public abstract Func<string, IRandomSource> Begin();
}

/// <summary>
/// Every example has its own stream, derived from the seed and the example's id: outcomes do not
/// depend on other examples, order or batches.
/// </summary>
/// <param name="Seed">The seed.</param>
public sealed record StreamPerExample(uint Seed = 42) : RandomPlan
{
    /// <inheritdoc/>
    public override string Description => $"a stream per example, seed {Seed}";

    /// <inheritdoc/>
    public override bool SharesStream => false;

    /// <inheritdoc/>
    public override Func<string, IRandomSource> Begin() =>
        id =>
        {
            var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{Seed}\n{id}"));
            return new TwoGenerators(
                BinaryPrimitives.ReadUInt32LittleEndian(hash),
                BinaryPrimitives.ReadUInt32LittleEndian(hash.AsSpan(4))
            );
        };
}

/// <summary>
/// TextAttack's scheme: numpy's and Python's generators, seeded once per run and used by one
/// example after the other.
/// </summary>
/// <param name="Seed">The seed; both papers' scripts use 42.</param>
public sealed record StreamPerRun(uint Seed = 42) : RandomPlan
{
    /// <inheritdoc/>
    public override string Description => $"TextAttack's generators, seed {Seed}, one stream through all examples";

    /// <inheritdoc/>
    public override bool SharesStream => true;

    /// <inheritdoc/>
    public override Func<string, IRandomSource> Begin()
    {
        var stream = new TwoGenerators(Seed, Seed);
        return _ => stream;
    }
}

// Integer draws from numpy's generator, Choice from Python's.
internal sealed class TwoGenerators(uint numpySeed, uint pythonSeed) : IRandomSource
{
    private readonly MersenneTwister _numpy = MersenneTwister.Numpy(numpySeed);
    private readonly MersenneTwister _python = MersenneTwister.Python(pythonSeed);

    public int Integer(int low, int high) => _numpy.Integer(low, high);

    public int Choice(int count) => _python.Choice(count);
}
