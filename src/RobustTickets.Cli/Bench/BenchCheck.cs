// Before timing, compares the path to be timed with the padded fp32 reference on the same weights:
// logits, and for training the gradients of one pass.
using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Cli.Bench;

/// <summary>Largest differences relative to the root mean square of the reference.</summary>
/// <param name="Logits">Difference of the logits.</param>
/// <param name="Gradients">Difference of the gradients; zero for forward-only steps.</param>
/// <param name="Tolerance">The allowed difference.</param>
internal sealed record BenchCheck(double Logits, double Gradients, double Tolerance)
{
    /// <summary>Whether both are within the tolerance.</summary>
    internal bool Holds => Logits <= Tolerance && Gradients <= Tolerance;

    /// <summary>Compares on four texts of the plan, with dropout for training.</summary>
    internal static BenchCheck Run(BenchPlan plan, BertForSequenceClassification model)
    {
        var batch = PackedBatch.From(Texts(plan, model.Config));
        // Another view of the same weights; the model above owns and disposes them.
        var reference = new BertForSequenceClassification(
            model.Store,
            model.Config,
            Execution.Reference with
            {
                Device = model.Execution.Device,
            }
        );
        reference.Encoder.Coefficients = model.Encoder.Coefficients;
        reference.Encoder.Masks = model.Encoder.Masks;
        var trained = model.Store.Names.Where(name => model.Store[name].requires_grad).ToHashSet();
        var (expected, expectedGradients) = Results(plan, reference, batch, null);
        var (found, gradients) = Results(
            plan,
            model,
            batch,
            plan.ForwardOnly && BertInference.Covers(model.Config, model.Execution) ? plan.Execution.Precision : null
        );
        model.Store.RequireGradient(trained.Contains);
        return new BenchCheck(
            Distance(expected, found),
            Distance(expectedGradients, gradients),
            plan.Execution.Precision == MatrixPrecision.Bf16 ? 0.1 : 2e-3
        );
    }

    /// <summary>Compares the plain baseline's logits; its gradients are libtorch's own.</summary>
    internal static BenchCheck Of(BenchPlan plan, BertForSequenceClassification model, PlainSubject plain)
    {
        using var scope = torch.scope();
        using var quiet = torch.no_grad();
        var texts = Texts(plan, model.Config);
        var reference = new BertForSequenceClassification(
            model.Store,
            model.Config,
            Execution.Reference with
            {
                Device = model.Execution.Device,
            }
        );
        var expected = reference.Forward(
            reference.Prepare(PackedBatch.From(texts), training: false),
            PassOptions.Evaluation
        );
        return new BenchCheck(Distance(expected.to_array(), plain.Logits(texts).to_array()), 0, 2e-3);
    }

    private static EncodedExample[] Texts(BenchPlan plan, BertConfig config) =>
        [
            .. (plan with { Batch = 4, Repeats = 1 })
                .Texts(config, warmUps: 0)
                .Select(t =>
                    t with
                    {
                        Ids = t.Ids[..Math.Min(24, t.Ids.Length)],
                        Segments = t.Segments[..Math.Min(24, t.Ids.Length)],
                    }
                ),
        ];

    private static (float[] Logits, float[] Gradients) Results(
        BenchPlan plan,
        BertForSequenceClassification model,
        PackedBatch batch,
        MatrixPrecision? compiled
    )
    {
        using var scope = torch.scope();
        if (compiled is { } precision)
        {
            using var inference = new BertInference(model.Store, model.Config, precision: precision);
            return (inference.Logits(batch).to_array(), []);
        }
        if (plan.ForwardOnly)
        {
            using var quiet = torch.no_grad();
            return (model.Forward(model.Prepare(batch, training: false), PassOptions.Evaluation).to_array(), []);
        }
        string[] compared =
        [
            BertParameters.Weight(BertParameters.Layer(0).Query),
            BertParameters.Weight(BertParameters.NeuronRows(0)),
            BertParameters.Weight(BertParameters.Layer(0).OutputNorm),
        ];
        model.Train(compared.Contains);
        var inputs = model.Prepare(batch, training: true);
        inputs.WordRows?.requires_grad_(false);
        var logits = model.Forward(inputs, new PassOptions(Training: true, RandomKey.FromSeed(4)));
        BertForSequenceClassification.Loss(logits, inputs).backward();
        float[] gradients = [.. compared.SelectMany(name => model.Store[name].grad!.to_array())];
        model.Store.ClearGradients();
        return (logits.to_array(), gradients);
    }

    private static double Distance(float[] expected, float[] found)
    {
        if (expected.Length == 0)
            return 0;
        double squares = 0,
            difference = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            squares += (double)expected[i] * expected[i];
            difference += Math.Pow(expected[i] - found[i], 2);
        }
        return Math.Sqrt(difference / Math.Max(squares, 1e-300));
    }
}
