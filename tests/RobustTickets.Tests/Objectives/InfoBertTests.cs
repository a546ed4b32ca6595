// InfoBERT against its plain statement in double precision (ScalarInfoBert), values and
// gradients by finite differences, and its own rules on a tiny network.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Tests.Models;
using RobustTickets.Torch;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Objectives;

[Collection(TorchCollection.Name)]
public sealed class InfoBertTests
{
    // Weights large enough that each term moves the loss and the gradients far beyond the
    // tolerance.
    private static readonly InfoBertOptions Options = new(
        Steps: 2,
        StepSize: 0.04,
        InitMagnitude: 0.5,
        Alpha: 0.7,
        Beta: 0.05,
        LowShare: 0.3,
        HighShare: 0.7,
        CriticHidden: 6
    );
    private static readonly RandomKey Step = RandomKey.FromSeed(11);
    private static readonly BertConfig Config = TinyBert.Dense(layers: 2, hidden: 8, heads: 2, intermediate: 6) with
    {
        Activation = Activation.GeluNew,
    };

    // float32 against double: the loss is about 2, gradients have up to some hundred summands of
    // order one.
    private const double LossTolerance = 1e-5,
        GradientShare = 2e-4;

    [Fact]
    public void Loss_and_gradients_are_those_of_the_plain_statement_in_double_precision()
    {
        var (result, gradients, scalar, passes) = Both(Options);
        for (var t = 0; t < passes.Count; t++)
            Assert.Equal(scalar.CrossEntropy(passes[t]), result.PassLosses[t], LossTolerance);
        Assert.Equal(scalar.Loss(passes), result.Loss, LossTolerance);
        var (compared, worst) = (0, 0.0);
        foreach (var (name, found) in gradients)
        {
            var scale = found.Max(g => Math.Abs((double)g));
            // Every element of the critic; of the network some of each parameter, in the word
            // embedding rows that occur.
            var elements = InfoBertCritic.Owns(name)
                ? Enumerable.Range(0, found.Length)
                : Enumerable.Range(0, found.Length).Where(i => found[i] != 0).Where((_, i) => i % 7 == 0).Take(6);
            foreach (var i in elements)
            {
                worst = Math.Max(worst, Math.Abs(scalar.Gradient(name, i, passes) - found[i]) / Math.Max(scale, 1e-2));
                compared++;
            }
        }
        Assert.True(compared > 200, $"only {compared} elements compared");
        Assert.True(
            worst <= GradientShare,
            $"the worst of {compared} gradients is off by {worst:0.##e0} of the largest of its parameter"
        );
    }

    [Theory]
    [InlineData("maximised upper bound")]
    [InlineData("minimised lower bound")]
    [InlineData("sum over [CLS]")]
    [InlineData("squares not halved")]
    [InlineData("most sensitive kept")]
    [InlineData("no steering by the upper bound")]
    public void Mutants_of_the_plain_statement_are_noticed(string mutant)
    {
        var (result, _, scalar, passes) = Both(Options);
        Assert.Equal(scalar.Loss(passes), result.Loss, LossTolerance);
        var mutated = mutant switch
        {
            "maximised upper bound" => Both(Options, o => o with { Beta = -o.Beta }),
            "minimised lower bound" => Both(Options, o => o with { Alpha = -o.Alpha }),
            "most sensitive kept" => Both(Options, o => o with { HighShare = 1 }),
            "sum over [CLS]" => Both(Options, sumOverCls: true),
            "squares not halved" => Both(Options, wholeSquares: true),
            _ => Both(Options, o => o with { Beta = 0 }),
        };
        var expected = mutated.Scalar.Loss(mutated.Passes);
        Assert.True(
            Math.Abs(expected - result.Loss) > 10 * LossTolerance,
            $"{mutant}: {expected} against {result.Loss}"
        );
    }

    [Fact]
    public void Without_its_terms_it_is_freelb_bit_for_bit()
    {
        var plain = Options with { Alpha = 0, Beta = 0 };
        var infobert = Accumulate(plain, dropout: 0.2);
        var freelb = Accumulate(
            plain,
            dropout: 0.2,
            instead: new FreeLb(new FreeLbOptions(plain.Steps, plain.StepSize, plain.InitMagnitude, SyncDropout: true))
        );
        Assert.Equal(freelb.Result.PassLosses, infobert.Result.PassLosses);
        foreach (var (name, values) in freelb.Gradients)
            Assert.Equal(values, infobert.Gradients[name]);
        Assert.Equal(freelb.Result.Passes, infobert.Result.Passes);
    }

    [Fact]
    public void The_upper_bound_steers_the_adversary_and_the_lower_bound_does_not()
    {
        var losses = Accumulate(Options).Result.PassLosses;
        Assert.Equal(losses, Accumulate(Options with { Alpha = 3 }).Result.PassLosses);
        Assert.NotEqual(losses, Accumulate(Options with { Beta = 0.5 }).Result.PassLosses);
    }

    [Fact]
    public void Passes_count_the_second_backward()
    {
        Assert.Equal(new PassCounts(2, 4, 4), Accumulate(Options).Result.Passes);
        Assert.Equal(new PassCounts(3, 6, 6), Accumulate(Options with { Steps = 3 }).Result.Passes);
        Assert.Equal(new PassCounts(2, 2, 2), Accumulate(Options with { Alpha = 0 }).Result.Passes);
    }

    [Fact]
    public void A_step_is_a_function_of_its_key_and_no_pass_repeats_the_draws_of_another()
    {
        Assert.Equal(
            Accumulate(Options).Gradients.SelectMany(g => g.Value),
            Accumulate(Options).Gradients.SelectMany(g => g.Value)
        );
        Assert.NotEqual(Accumulate(Options).Result.Loss, Accumulate(Options, step: RandomKey.FromSeed(12)).Result.Loss);
        Assert.NotEqual(InfoBertTerms.Partners(Step, 0, 40), InfoBertTerms.Partners(Step, 1, 40));
        Assert.NotEqual(InfoBertTerms.Order(Step, 0).Permutation(40), InfoBertTerms.Order(Step, 1).Permutation(40));
        Assert.Equal(Enumerable.Range(0, 40), InfoBertTerms.Order(Step, 0).Permutation(40).Order());
    }

    [Fact]
    public void Every_way_of_execution_gives_the_same_step()
    {
        var packed = Accumulate(Options, dropout: 0.2);
        foreach (
            var execution in new[]
            {
                new Execution { EveryRow = true, DenseWordGradient = true },
                Execution.Reference,
            }
        )
        {
            var other = Accumulate(Options, dropout: 0.2, execution: execution);
            Assert.Equal(packed.Result.Loss, other.Result.Loss, 1e-5);
            foreach (var (name, values) in packed.Gradients)
            {
                var scale = Math.Max(1e-2, values.Max(g => Math.Abs((double)g)));
                for (var i = 0; i < values.Length; i++)
                    Assert.True(
                        Math.Abs(values[i] - other.Gradients[name][i]) < 1e-4 * scale,
                        $"{name}[{i}]: {values[i]} and {other.Gradients[name][i]}"
                    );
            }
        }
    }

    [Theory]
    [InlineData(1, new int[0])] // ceil(.5) = 1 to ceil(.9) - 1 = 0
    [InlineData(2, new[] { 1 })]
    [InlineData(3, new[] { 2 })]
    [InlineData(7, new[] { 4, 5, 6 })]
    [InlineData(10, new[] { 5, 6, 7, 8 })]
    public void The_middle_ranks_are_selected_and_the_most_sensitive_word_piece_is_not(int n, int[] ranks)
    {
        // Sensitivity falls along the text, so rank r stands at n - 1 - r; a second example, all
        // alike, must not matter: its ties stay in the order of the text.
        var batch = PackedBatch.From([
            new EncodedExample(1, [.. Enumerable.Repeat(5, n)], new int[n], 0),
            new EncodedExample(2, [5, 5, 5], new int[3], 0),
        ]);
        var gradient = Enumerable.Range(0, n + 3).SelectMany(i => new[] { i < n ? 0.1f * (n - i) : 1f, 0f }).ToArray();
        var chosen = InfoBertTerms.Select(batch, gradient, 2, 0.5, 0.9);
        Assert.Equal(ranks.Select(r => (n - 1 - r, 0)).Order(), chosen.Where(c => c.Example == 0));
        Assert.Equal([(n + 2, 1)], chosen.Where(c => c.Example == 1));
    }

    [Fact]
    public void Examples_too_short_to_select_from_leave_the_lower_bound_out()
    {
        var short_ = new[] { new EncodedExample(1, [5], [0], 0), new EncodedExample(2, [6], [0], 1) };
        var result = Accumulate(Options, examples: short_).Result;
        Assert.Equal(new PassCounts(2, 2, 2), result.Passes);
        Assert.True(double.IsFinite(result.Loss));
    }

    [Fact]
    public void The_critic_is_decayed_whole_not_clipped_and_trained_only_when_asked()
    {
        var settings = new OptimizerOptions(1e-2, WeightDecay: 0.5, ClipValue: 1e-4);
        using var model = TinyBert.New(Config, new Execution(), seed: 3);
        ObjectiveParameters.Attach(Options, model, RandomKey.FromSeed(1));
        var critic = model.Store.Names.Where(InfoBertCritic.Owns).ToArray();
        Assert.Equal(4, critic.Length);
        using var optimizer = Trainer.CreateOptimizer(
            model,
            settings,
            name => ObjectiveParameters.Trains(Options, name)
        );
        var examples = Examples();
        var trainer = new Trainer(
            model,
            new InfoBert(Options),
            examples,
            new BatchSampler(examples.Length, examples.Length, false, default),
            optimizer,
            new StagePlan("test", 5, 5, settings, Step)
        );
        var norm = trainer.Step(null).GradientNorm;
        double Given(Func<string, bool> which) =>
            Math.Sqrt(
                optimizer
                    .Names.Where(which)
                    .Sum(n => Math.Pow(Gradients.L2(optimizer.Moments(n).First.to_array()) / 0.1, 2))
            );
        Assert.True(norm > 0.01, $"norm {norm}");
        Assert.Equal(1e-4, Given(n => !InfoBertCritic.Owns(n)), 1e-7);
        Assert.True(Given(InfoBertCritic.Owns) > 1e-3, "the critic's gradient was clipped with the network's");

        // A bias whose gradient is nothing moves by decay alone, as only the critic's biases do.
        var (own, other) = ("infobert.critic.2.bias", BertParameters.Pooler + ".bias");
        var before = (Own: model.Store[own].to_array()[0], Other: model.Store[other].to_array()[0]);
        foreach (var name in model.Store.Names)
            model.Store[name].grad = torch.zeros(model.Store[name].shape);
        foreach (var name in optimizer.Names)
        {
            optimizer.Moments(name).First.zero_();
            optimizer.Moments(name).Second.zero_();
        }
        optimizer.Step(1e-2, 1);
        Assert.Equal(before.Own * (1 - (1e-2 * 0.5)), model.Store[own].to_array()[0], 1e-6);
        Assert.Equal(before.Other, model.Store[other].to_array()[0]);

        Assert.DoesNotContain(critic, n => ObjectiveParameters.Trains(Options with { TrainCritic = false }, n));
        ObjectiveParameters.Detach(model);
        Assert.DoesNotContain(model.Store.Names, InfoBertCritic.Owns);
    }

    [Fact]
    public void A_fresh_critic_is_drawn_as_torch_draws_a_linear()
    {
        using var model = TinyBert.New(TinyBert.Dense(hidden: 64), new Execution(), seed: 3);
        InfoBertCritic.Attach(model, 300, RandomKey.FromSeed(5));
        var weight = model.Store["infobert.critic.0.weight"];
        Assert.Equal([300L, 128L], weight.shape);
        var bound = 1 / Math.Sqrt(128);
        var values = weight.to_array();
        Assert.InRange(values.Max(Math.Abs), 0.99 * bound, bound);
        Assert.Equal(bound / Math.Sqrt(3), Math.Sqrt(values.Average(v => (double)v * v)), 0.01 * bound);
        Assert.InRange(
            model.Store["infobert.critic.2.weight"].to_array().Max(Math.Abs),
            0.9 / Math.Sqrt(300),
            1 / Math.Sqrt(300)
        );
    }

    private static (
        ObjectiveResult Result,
        Dictionary<string, float[]> Gradients,
        ScalarInfoBert Scalar,
        List<ScalarPass> Passes
    ) Both(
        InfoBertOptions options,
        Func<InfoBertOptions, InfoBertOptions>? mutant = null,
        bool sumOverCls = false,
        bool wholeSquares = false
    )
    {
        var examples = Examples();
        var batch = PackedBatch.From(examples);
        var noise = TinyBert.Normal(new Random(8), (long)batch.Tokens * Config.Hidden, deviation: 0.5);
        using var model = TinyBert.New(Config, new Execution(), seed: 3);
        ObjectiveParameters.Attach(options, model, RandomKey.FromSeed(1));
        model.Train(_ => true);
        using var scope = torch.scope();
        var result = new InfoBert(options, _ => torch.tensor<float>(noise, batch.Tokens, Config.Hidden)).Accumulate(
            model,
            model.Prepare(batch, training: true),
            Step,
            null
        );
        var scalar = new ScalarInfoBert(model.Store, Config, batch, mutant?.Invoke(options) ?? options, Step)
        {
            SumOverCls = sumOverCls,
            WholeSquares = wholeSquares,
        };
        return (result, Gradients.All(model.Store), scalar, scalar.Walk(Start(batch, noise, options)));
    }

    /// <summary>Noise scaled by eps0 / sqrt(tokens * hidden) of its example.</summary>
    private static double[][] Start(PackedBatch batch, float[] noise, InfoBertOptions options)
    {
        var start = new double[batch.Tokens][];
        for (var b = 0; b < batch.Count; b++)
        {
            var tokens = batch.Offsets[b + 1] - batch.Offsets[b];
            for (var i = batch.Offsets[b]; i < batch.Offsets[b + 1]; i++)
            {
                start[i] =
                [
                    .. noise
                        .AsSpan(i * Config.Hidden, Config.Hidden)
                        .ToArray()
                        .Select(u => u * options.InitMagnitude / Math.Sqrt((double)tokens * Config.Hidden)),
                ];
            }
        }
        return start;
    }

    /// <summary>Texts without [PAD], whose row has no gradient in the program.</summary>
    private static EncodedExample[] Examples()
    {
        var random = new Random(4);
        return
        [
            .. new[] { 6, 1, 4, 5 }.Select(
                (n, b) =>
                    new EncodedExample(
                        10 + b,
                        [.. Enumerable.Range(0, n).Select(_ => random.Next(1, 40))],
                        [.. Enumerable.Range(0, n).Select(i => i > 2 ? 1 : 0)],
                        b % 3
                    )
            ),
        ];
    }

    private static (ObjectiveResult Result, Dictionary<string, float[]> Gradients) Accumulate(
        InfoBertOptions options,
        double dropout = 0,
        IObjective? instead = null,
        Execution? execution = null,
        RandomKey? step = null,
        EncodedExample[]? examples = null
    )
    {
        var config = TinyBert.Dense(dropout);
        using var model = TinyBert.New(config, execution ?? new Execution(), seed: 3);
        if (instead is null)
            ObjectiveParameters.Attach(options, model, RandomKey.FromSeed(1));
        model.Train(_ => true);
        using var scope = torch.scope();
        var inputs = model.Prepare(
            PackedBatch.From(examples ?? TinyBert.Examples(new Random(3), config, 6, 25)),
            training: true
        );
        var result = (instead ?? new InfoBert(options)).Accumulate(model, inputs, step ?? Step, null);
        return (result, Gradients.All(model.Store));
    }
}
