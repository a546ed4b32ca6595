// What only changes speed must not change results: packed = padded, [CLS] rows
// alone = every row, gradients by rows = dense ones; with dropout, coefficients, perturbation,
// pairs and [PAD] inside the text, forward and backward.
using RobustTickets.Attacks;
using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Optim;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Tests.Devices;
using RobustTickets.Tests.GoldenValues;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using RobustTickets.Torch.optim;
using Xunit;

namespace RobustTickets.Tests.Models;

[Collection(TorchCollection.Name)]
public sealed class ExecutionEqualityTests
{
    private const double Tolerance = 1e-5;

    /// <summary>
    /// What rounding factors to bfloat16 makes of all numbers together, root mean square against
    /// root mean square.
    /// </summary>
    private const double MeanOfRounding = 0.05;

    private static readonly Execution Fast = new();

    public static TheoryData<int, bool, bool, bool> Situations()
    {
        var data = new TheoryData<int, bool, bool, bool>();
        for (var seed = 0; seed < 12; seed++)
            data.Add(seed, seed % 2 == 1, seed % 3 == 1, seed % 3 != 0);
        return data;
    }

    [Theory]
    [MemberData(nameof(Situations))]
    public void Packed_equals_padded(int seed, bool dropout, bool gates, bool delta) =>
        SameResults(Execution.Reference, Fast, seed, dropout, gates, delta).Agrees();

    [Theory]
    [MemberData(nameof(Situations))]
    public void Padding_to_a_fixed_length_changes_nothing(int seed, bool dropout, bool gates, bool delta) =>
        SameResults(Execution.Reference, Execution.Reference with { PadTo = 70 }, seed, dropout, gates, delta).Agrees();

    [Theory]
    [MemberData(nameof(Situations))]
    public void Cls_rows_alone_equal_every_row(int seed, bool dropout, bool gates, bool delta) =>
        SameResults(Fast with { EveryRow = true }, Fast, seed, dropout, gates, delta).Agrees();

    [Theory]
    [MemberData(nameof(Situations))]
    public void Gradients_by_rows_equal_dense_ones(int seed, bool dropout, bool gates, bool delta) =>
        SameResults(Fast with { DenseWordGradient = true }, Fast, seed, dropout, gates, delta).Agrees();

    [Theory]
    [MemberData(nameof(Situations))]
    public void Fused_layers_equal_plain_ones(int seed, bool dropout, bool gates, bool delta) =>
        SameResults(Fast with { PlainLayers = true }, Fast, seed, dropout, gates, delta).Agrees();

    [Theory]
    [MemberData(nameof(Situations))]
    public void Operators_alone_equal_padded(int seed, bool dropout, bool gates, bool delta) =>
        SameResults(
                Execution.Reference,
                new Execution(Device.Cpu, Layers: LayerPath.Operators),
                seed,
                dropout,
                gates,
                delta
            )
            .Agrees();

    [Theory]
    [MemberData(nameof(Situations))]
    public void A_device_equals_the_cpu(int seed, bool dropout, bool gates, bool delta) =>
        SameResults(
                Execution.Reference,
                new Execution(TestDevice.Current, Layers: LayerPath.Operators),
                seed,
                dropout,
                gates,
                delta,
                tolerance: TestDevice.Tolerance
            )
            .Agrees();

    [Theory]
    [MemberData(nameof(Situations))]
    public void The_padded_reference_is_the_same_on_a_device(int seed, bool dropout, bool gates, bool delta) =>
        SameResults(
                Execution.Reference,
                Execution.Reference with
                {
                    Device = TestDevice.Current,
                },
                seed,
                dropout,
                gates,
                delta,
                tolerance: TestDevice.Tolerance
            )
            .Agrees();

    [Theory]
    [MemberData(nameof(Situations))]
    public void Autocast_changes_results_by_the_rounding_of_factors_alone(
        int seed,
        bool dropout,
        bool gates,
        bool delta
    )
    {
        // libtorch's own bf16 on the CPU needs no instruction for it; an extension has no autocast,
        // so only a GPU stands in for the CPU here. Autocast also rounds what attention multiplies,
        // which our kernels do not, so more may move.
        var device = TestDevice.Current.Kind == DeviceKind.Cuda ? TestDevice.Current : Device.Cpu;
        SameResults(
                Fast,
                new Execution(device, MatrixPrecision.Bf16, Layers: LayerPath.Operators),
                seed,
                dropout,
                gates,
                delta,
                tolerance: 0.2,
                mean: MeanOfRounding
            )
            .Agrees();
        SameResults(
                Fast,
                new Execution(device, MatrixPrecision.Bf16, Layers: LayerPath.Operators),
                seed,
                dropout,
                gates,
                delta,
                tolerance: 1e-5
            )
            .Rejects("the rounding of the factors");
    }

    [SkippableTheory]
    [MemberData(nameof(Situations))]
    public void Bfloat16_factors_change_results_by_their_rounding_alone(int seed, bool dropout, bool gates, bool delta)
    {
        Skip.If(Gemm.WhyNoBFloat16() is not null, Gemm.WhyNoBFloat16());
        var half = Fast with { Precision = MatrixPrecision.Bf16 };
        SameResults(Fast, half, seed, dropout, gates, delta, tolerance: 0.1, mean: MeanOfRounding).Agrees();
        // What is wrong in one place alone may stay within the tolerance of single numbers.
        if (dropout)
            SameResults(Fast, half, seed, dropout, gates, delta, otherKey: true, tolerance: 0.1, mean: MeanOfRounding)
                .Rejects("another dropout key");
        if (gates)
            SameResults(Fast, half, seed, dropout, gates, delta, noGates: true, tolerance: 0.1, mean: MeanOfRounding)
                .Rejects("coefficients ignored");
        SameResults(Fast, half, seed, dropout, gates, delta, tolerance: 1e-5).Rejects("the rounding of the factors");
    }

    [Fact]
    public void Bfloat16_is_refused_where_layers_would_ignore_it()
    {
        var half = Fast with { Precision = MatrixPrecision.Bf16 };
        Assert.Contains(
            "Relu",
            Assert
                .Throws<RequestException>(() =>
                    TinyBert.New(TinyBert.Dense() with { Activation = Activation.Relu }, half, seed: 1)
                )
                .Message
        );
        Assert.Throws<RequestException>(() =>
            TinyBert.New(TinyBert.Dense(), half with { PlainLayers = true }, seed: 1)
        );
        TinyBert.New(TinyBert.Dense(), half, seed: 1).Dispose();
    }

    [Fact]
    public void The_comparison_notices_another_dropout_key()
    {
        SameResults(Execution.Reference, Fast, seed: 1, dropout: true, gates: false, delta: false, otherKey: true)
            .Rejects("another dropout key");
        SameResults(
                Execution.Reference,
                new Execution(TestDevice.Current, Layers: LayerPath.Operators),
                seed: 1,
                dropout: true,
                gates: false,
                delta: false,
                otherKey: true,
                tolerance: TestDevice.Tolerance
            )
            .Rejects("another dropout key");
    }

    [Fact]
    public void Dropout_is_one_function_of_example_and_token_whatever_the_batch()
    {
        var random = new Random(5);
        var config = TinyBert.Dense(dropout: 0.3);
        var examples = TinyBert.Examples(random, config, 5, 30);
        using var model = TinyBert.New(config, Fast, seed: 5);
        var together = Logits(model, examples);
        for (var b = 0; b < examples.Length; b++)
        {
            var alone = Logits(model, [examples[b]]);
            for (var c = 0; c < config.Labels; c++)
                Assert.Equal(together[(b * config.Labels) + c], alone[c], 1e-5f);
        }

        static float[] Logits(BertForSequenceClassification model, EncodedExample[] examples)
        {
            using var quiet = torch.no_grad();
            using var scope = torch.scope();
            return model
                .Forward(
                    model.Prepare(PackedBatch.From(examples), training: false),
                    new PassOptions(true, RandomKey.FromSeed(8))
                )
                .to_array();
        }
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.01)]
    public void AdamW_moves_the_word_embedding_alike_by_rows_and_dense(double decay)
    {
        var dense = Train(Fast with { DenseWordGradient = true }, decay);
        var rows = Train(Fast, decay);
        var comparison = new Comparison($"word embedding after training, decay {decay}");
        comparison.Near("word embedding", rows, dense, 2e-6);
        comparison.Agrees();

        static float[] Train(Execution execution, double decay)
        {
            var random = new Random(11);
            var config = TinyBert.Dense();
            using var model = TinyBert.New(config, execution, seed: 11);
            model.Train(_ => true);
            using var optimizer = new AdamW(
                model.Store,
                model.Store.Names,
                new AdamWOptions(WeightDecay: decay, Epsilon: 1e-4),
                AdamW.DecaysByName,
                backend: FusedAdamW.For(model.Store)
            );
            for (var step = 0; step < 4; step++)
            {
                // Few examples: rows come and go, so the moments of absent rows must go on
                // decaying.
                using var scope = torch.scope();
                var inputs = model.Prepare(PackedBatch.From(TinyBert.Examples(random, config, 2, 6)), training: true);
                BertForSequenceClassification.Loss(model.Forward(inputs, PassOptions.Evaluation), inputs).backward();
                optimizer.Step(1e-3, optimizer.MeasureNorm(1.0).Factor);
                model.Store.ClearGradients();
            }
            return model.Store[BertParameters.WordEmbeddings].to_array();
        }
    }

    [Fact]
    public void The_row_of_padding_gets_no_gradient_even_inside_a_text()
    {
        var config = TinyBert.Dense();
        foreach (var execution in new[] { Fast, Fast with { DenseWordGradient = true }, Execution.Reference })
        {
            using var model = TinyBert.New(config, execution, seed: 2);
            model.Train(_ => true);
            using var scope = torch.scope();
            var inputs = model.Prepare(
                PackedBatch.From([new EncodedExample(0, [7, config.PadId, 9], [0, 0, 0], 1)]),
                training: true
            );
            BertForSequenceClassification.Loss(model.Forward(inputs, PassOptions.Evaluation), inputs).backward();
            var gradient = Gradients.Of(model.Store, BertParameters.WordEmbeddings);
            Assert.All(
                gradient[(config.PadId * config.Hidden)..((config.PadId + 1) * config.Hidden)],
                g => Assert.Equal(0f, g)
            );
            Assert.Contains(gradient[(7 * config.Hidden)..(8 * config.Hidden)], g => g != 0f);
        }
    }

    private static Comparison SameResults(
        Execution reference,
        Execution execution,
        int seed,
        bool dropout,
        bool gates,
        bool delta,
        bool otherKey = false,
        bool noGates = false,
        double tolerance = Tolerance,
        double? mean = null
    )
    {
        var random = new Random(seed);
        var config = TinyBert.Ragged(random, dropout ? 0.2 : 0);
        var batch = PackedBatch.From(TinyBert.Examples(random, config, random.Next(2, 7), 70));
        var perturbation = delta ? TinyBert.Normal(random, (long)batch.Tokens * config.Hidden, 0, 0.1) : null;
        var comparison = new Comparison(
            $"seed {seed}: {config.Layers} layers of heads [{string.Join(' ', config.HeadsPerLayer)}] x "
                + $"{config.HeadSize}, {batch.Count} texts"
        );
        var expected = Pass(reference, RandomKey.FromSeed(seed), gates);
        var found = Pass(execution, RandomKey.FromSeed(otherKey ? seed + 1 : seed), gates && !noGates);
        double differences = 0,
            squares = 0;
        foreach (var (name, values) in expected)
        {
            if (Gradients.IsNoise(name))
                continue;
            var largest = values.Select(Math.Abs).DefaultIfEmpty(0).Max();
            if (noGates && !found.ContainsKey(name))
                continue; // gradients of coefficients, which are ignored
            var others = found[name];
            comparison.Near(name, others, values, tolerance * Math.Max(largest, 0.1));
            differences += values.Zip(others).Sum(p => Math.Pow((double)p.First - p.Second, 2));
            squares += values.Sum(v => (double)v * v);
        }
        if (mean is { } share)
            comparison.Near("all numbers, relative to their size", Math.Sqrt(differences / squares), 0, share);
        return comparison;

        Dictionary<string, float[]> Pass(Execution execution, RandomKey key, bool gates)
        {
            using var model = TinyBert.New(config, execution, seed);
            if (gates)
            {
                SlimmingCoefficients.Attach(model);
                var draw = new Random(seed + 1);
                foreach (var name in model.Store.Names.Where(BertParameters.IsCoefficient))
                {
                    using var values = model.Store[name].edit<float>();
                    TinyBert.Normal(draw, model.Store[name].numel, 1, 0.3).CopyTo(values.Span);
                }
            }
            model.Train(_ => true);
            using var scope = torch.scope();
            var leaf = perturbation is null
                ? null
                : torch.tensor<float>(perturbation, [batch.Tokens, config.Hidden], execution.Device).requires_grad_();
            var inputs = model.Prepare(batch, training: true);
            var logits = model.Forward(inputs, new PassOptions(true, key, leaf, TokenTypes: seed % 2 == 0));
            BertForSequenceClassification.Loss(logits, inputs).backward();
            var results = Gradients.All(model.Store);
            results["logits"] = logits.to_array();
            if (leaf is not null)
                results["perturbation"] = leaf.grad!.to_array();
            return results;
        }
    }
}
