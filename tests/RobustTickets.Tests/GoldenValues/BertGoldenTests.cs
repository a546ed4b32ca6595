// Forward and backward of BertForSequenceClassification against an independent implementation
// (golden folder g2_bert), on every way of execution. Mutant of all of them: the other form of GELU
// (tanh for erf); of the route through embeddings: token types passed where the reference has none.
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using RobustTickets.Models;
using RobustTickets.Testing;
using RobustTickets.Tests.Models;
using RobustTickets.Torch;
using Xunit;
using static RobustTickets.Torch.torch.nn;

namespace RobustTickets.Tests.GoldenValues;

[Collection(TorchCollection.Name)]
public sealed partial class BertGoldenTests
{
    // The README of g2_bert: what float64 and two threads move, several times over.
    private const double ForwardTolerance = 1e-5;
    private const double GradientTolerance = 5e-6;
    private const double NormTolerance = 1e-5;

    [SkippableTheory]
    [InlineData(Executions.Packed)]
    [InlineData(Executions.PackedAllRows)]
    [InlineData(Executions.Padded)]
    public void Forward_agrees_in_every_intermediate_result(string execution)
    {
        if (Open("forward") is not { } file)
            return;
        foreach (var @case in Cases(file))
        {
            Forward(file, @case, execution, same => same).Agrees();
            Forward(file, @case, execution, GoldenModel.OtherGelu).Rejects("the other form of GELU");
        }
    }

    [SkippableTheory]
    [InlineData(Executions.Packed)]
    [InlineData(Executions.PackedAllRows)]
    [InlineData(Executions.Padded)]
    public void Gradients_of_every_parameter_agree(string execution)
    {
        if (Open("gradients") is not { } file)
            return;
        foreach (var @case in Cases(file))
        {
            Backward(file, @case, execution, same => same).Agrees();
            Backward(file, @case, execution, GoldenModel.OtherGelu).Rejects("the other form of GELU");
        }
    }

    [SkippableTheory]
    [InlineData(Executions.Packed)]
    [InlineData(Executions.PackedAllRows)]
    [InlineData(Executions.Padded)]
    public void The_adversary_s_route_through_embeddings_agrees(string execution)
    {
        if (Open("embeddings route") is not { } file)
            return;
        var judged = 0;
        foreach (var @case in Cases(file).Where(c => file.Contains($"{c}.embeds_route.logits")))
        {
            EmbeddingsRoute(file, @case, execution, passTokenTypes: false).Agrees();
            if (file.Longs($"{@case}.token_type_ids").Contains(1L))
                EmbeddingsRoute(file, @case, execution, passTokenTypes: true).Rejects("token types passed");
            judged++;
        }
        Assert.True(judged > 0, $"{file.Path} has no route through embeddings");
    }

    [SkippableTheory]
    [InlineData(Executions.Packed)]
    [InlineData(Executions.Padded)]
    public void Another_value_in_the_configuration_changes_the_logits_as_it_should(string execution)
    {
        if (Open("other configurations") is not { } file)
            return;
        var judged = 0;
        var unknown = new List<string>();
        foreach (var name in file.Names.Where(n => Variant().IsMatch(n)))
        {
            var match = Variant().Match(name);
            var model = ModelOf(file);
            if (Changed(model.Config, match.Groups["change"].Value) is not { } config)
            {
                unknown.Add(name);
                continue;
            }
            var @case = match.Groups["case"].Value;
            Logits(file, @case, name, model, execution, config).Agrees();
            Logits(file, @case, name, model, execution, model.Config).Rejects("configuration left as it was");
            judged++;
        }
        // What was judged agreed; the rest must not be dropped without a word.
        if (judged == 0 || unknown.Count > 0)
            throw Golden.Skip($"g2_bert other configurations; unknown to this program: [{string.Join(", ", unknown)}]");
    }

    private static Comparison Forward(
        GoldenTensors file,
        string @case,
        string execution,
        Func<BertConfig, BertConfig> change
    )
    {
        var model = ModelOf(file);
        var comparison = new Comparison($"{@case}, {execution}");
        var batch = GoldenBatch.Read(file, $"{@case}.");
        using var net = model.NewClassifier(Executions.Of(execution), change(model.Config));
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        var taps = new Dictionary<string, float[]>();
        var inputs = net.Prepare(batch.Packed, training: false);
        var logits = net.Forward(
            inputs,
            PassOptions.Evaluation with
            {
                Tap = (name, tensor) => taps[name] = tensor.to_array(),
            }
        );
        comparison.Near("logits", logits.to_array(), file.Floats($"{@case}.logits"), ForwardTolerance);
        comparison.Near(
            "loss",
            BertForSequenceClassification.Loss(logits, inputs).item<float>(),
            file.Floats($"{@case}.loss")[0],
            ForwardTolerance
        );
        var each = functional.cross_entropy(logits, inputs.Labels, Reduction.None).to_array();
        comparison.Near("loss of each example", each, file.Floats($"{@case}.per_example_loss"), ForwardTolerance);
        comparison.Near("pooled", taps["pooled"], file.Floats($"{@case}.pooled"), ForwardTolerance);

        var width = model.Config.Hidden;
        var stages = file.Names.Where(n =>
            n.StartsWith($"{@case}.hidden.", StringComparison.Ordinal)
            || n.StartsWith($"{@case}.attention_out.", StringComparison.Ordinal)
        );
        foreach (var name in stages)
        {
            var found = taps[name[(@case.Length + 1)..]];
            // The last layer may compute the [CLS] rows alone.
            var cells = found.Length == batch.Cells.Length * width ? batch.Cells : batch.ClsCells;
            comparison.Near(name, found, GoldenBatch.Rows(file.Floats(name), cells, width), ForwardTolerance);
        }
        return comparison;
    }

    private static Comparison Backward(
        GoldenTensors file,
        string @case,
        string execution,
        Func<BertConfig, BertConfig> change
    )
    {
        var model = ModelOf(file);
        var comparison = new Comparison($"gradients of {@case}, {execution}");
        using var net = model.NewClassifier(Executions.Of(execution), change(model.Config));
        net.Train(_ => true);
        using var scope = torch.scope();
        var inputs = net.Prepare(GoldenBatch.Read(file, $"{@case}.").Packed, training: true);
        BertForSequenceClassification.Loss(net.Forward(inputs, PassOptions.Evaluation), inputs).backward();
        var found = Gradients.All(net.Store);

        var prefix = $"{@case}.grad.";
        foreach (
            var name in file.Names.Where(n =>
                n.StartsWith(prefix, StringComparison.Ordinal) && found.ContainsKey(n[prefix.Length..])
            )
        )
        {
            comparison.Near(name, found[name[prefix.Length..]], file.Floats(name), GradientTolerance);
        }
        if (file.Contains($"{prefix}word_rows"))
        {
            var rows = file.Longs($"{prefix}word_rows_index").Select(row => (int)row);
            comparison.Near(
                $"{prefix}word_rows",
                GoldenBatch.Rows(found[BertParameters.WordEmbeddings], rows, model.Config.Hidden),
                file.Floats($"{prefix}word_rows"),
                GradientTolerance
            );
        }
        GradientStatistics.Compare(
            comparison,
            Statistics().GetProperty(@case),
            found,
            NormTolerance,
            GradientTolerance
        );
        return comparison;
    }

    private static Comparison EmbeddingsRoute(GoldenTensors file, string @case, string execution, bool passTokenTypes)
    {
        var model = ModelOf(file);
        var comparison = new Comparison($"embeddings route of {@case}, {execution}");
        var batch = GoldenBatch.Read(file, $"{@case}.");
        using var net = model.NewClassifier(Executions.Of(execution));
        net.Train(_ => false);
        using var scope = torch.scope();
        var inputs = net.Prepare(batch.Packed, training: false);
        var delta = torch.zeros([batch.Cells.Length, model.Config.Hidden]).requires_grad_();
        var logits = net.Forward(inputs, PassOptions.Evaluation with { Delta = delta, TokenTypes = passTokenTypes });
        var loss = BertForSequenceClassification.Loss(logits, inputs);
        loss.backward();
        var reference = file.Floats($"{@case}.embeds_route.grad_inputs_embeds");
        comparison.Near("logits", logits.to_array(), file.Floats($"{@case}.embeds_route.logits"), ForwardTolerance);
        comparison.Near("loss", loss.item<float>(), file.Floats($"{@case}.embeds_route.loss")[0], ForwardTolerance);
        comparison.Near(
            "gradient",
            delta.grad!.to_array(),
            GoldenBatch.Rows(reference, batch.Cells, model.Config.Hidden),
            GradientTolerance
        );
        // Packed tokens have no padding to perturb; the reference must agree that it does not
        // matter.
        comparison.Near(
            "gradient in padding",
            0,
            batch.LargestInPadding(reference, model.Config.Hidden),
            GradientTolerance
        );
        return comparison;
    }

    private static Comparison Logits(
        GoldenTensors file,
        string @case,
        string name,
        GoldenModel model,
        string execution,
        BertConfig config
    )
    {
        var comparison = new Comparison($"{name}, {execution}");
        using var net = model.NewClassifier(Executions.Of(execution), config);
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        var inputs = net.Prepare(GoldenBatch.Read(file, $"{@case}.").Packed, training: false);
        comparison.Near(
            "logits",
            net.Forward(inputs, PassOptions.Evaluation).to_array(),
            file.Floats(name),
            ForwardTolerance
        );
        return comparison;
    }

    private static BertConfig? Changed(BertConfig config, string change)
    {
        if (change == "heads_halved")
        {
            return config with
            {
                HeadSize = config.HeadSize * 2,
                HeadsPerLayer = [.. config.HeadsPerLayer.Select(h => h / 2)],
            };
        }
        if (change.StartsWith("layer_norm_eps_", StringComparison.Ordinal))
        {
            return config with
            {
                LayerNormEpsilon = double.Parse(change["layer_norm_eps_".Length..], CultureInfo.InvariantCulture),
            };
        }
        if (
            change.StartsWith("hidden_act_", StringComparison.Ordinal)
            && GoldenModel.ActivationOf(change["hidden_act_".Length..]) is { } activation
        )
        {
            return config with { Activation = activation };
        }
        return null;
    }

    private static GoldenTensors? Open(string test)
    {
        if (Golden.Folder("g2_bert", "seqcls.safetensors") is { } path)
            return GoldenTensors.Open(path);
        throw Golden.Skip($"g2_bert {test}");
    }

    private static string[] Cases(GoldenTensors file)
    {
        var cases = file
            .Names.Where(n => n.EndsWith(".input_ids", StringComparison.Ordinal))
            .Select(n => n[..^".input_ids".Length])
            .ToArray();
        Assert.NotEmpty(cases);
        return cases;
    }

    private static GoldenModel ModelOf(GoldenTensors file) =>
        GoldenModel.Find(Statistics().GetProperty(Cases(file)[0]));

    private static JsonElement Statistics()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Golden.Required("g2_bert", "seqcls_grad_stats.json")));
        return json.RootElement.Clone();
    }

    [GeneratedRegex(@"^(?<case>[^.]+)\.logits_with_(?<change>.+)$")]
    private static partial Regex Variant();
}
