// Masked networks in evaluation mode, single weights and groups, against an independent
// implementation (golden folder g6_robust, forward.*): logits, loss, gradients, masks, penalty,
// statistics. Mutants: blocks instead of strided groups, unmasked weights.
using System.Text.Json;
using RobustTickets.Kernels.Masks;
using RobustTickets.Models;
using RobustTickets.Testing;
using RobustTickets.Tests.Models;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.GoldenValues;

[Collection(TorchCollection.Name)]
public sealed class RobustForwardGoldenTests
{
    // The README of g6_robust.
    private const double Logit = 1e-5,
        Gradient = 1e-7,
        Mask = 1e-6,
        Share = 1e-4;

    [SkippableTheory]
    [InlineData(Executions.Packed)]
    [InlineData(Executions.Padded)]
    public void Masked_networks_compute_the_recorded_values(string execution)
    {
        foreach (var record in Records($"forward, {execution}"))
            Compare(record, execution, o => o, mask: true).Agrees();
    }

    [SkippableFact]
    public void Mutants_are_noticed()
    {
        foreach (var record in Records("forward, mutants"))
        {
            Compare(record, Executions.Packed, o => o, mask: false).Rejects("weights without mask");
            if (record.Options is { OutPerMask: > 1 } or { InPerMask: > 1 })
            {
                var blocks = Compare(record, Executions.Packed, o => o with { Layout = MaskLayout.Blocks }, mask: true);
                if (record.Options.OutPerMask > 1)
                    blocks.Rejects("blocks instead of strided groups");
            }
        }
    }

    private static IReadOnlyList<Record> Records(string test)
    {
        if (Golden.Folder("g6_robust", "forward.json") is not { } path)
        {
            throw Golden.Skip($"g6_robust {test}");
        }
        var file = GoldenTensors.Open(Path.ChangeExtension(path, ".safetensors"));
        var json = JsonDocument.Parse(File.ReadAllText(path)).RootElement;
        return [.. json.EnumerateObject().Select(e => new Record(e.Name, e.Value, file))];
    }

    private static Comparison Compare(
        Record record,
        string execution,
        Func<HardConcreteOptions, HardConcreteOptions> change,
        bool mask
    )
    {
        var comparison = new Comparison($"{record.Tag}, {execution}");
        using var scope = torch.scope();
        using var model = GoldenModel
            .Classifier(record.Case.GetProperty("model").GetString()!)
            .NewClassifier(Executions.Of(execution));
        var masks = HardConcreteMasks.Attach(model, change(record.Options));
        comparison.Same("masked layers", string.Join(' ', masks.Sites), string.Join(' ', record.Sites));
        var batch = Batch(record.File, model.Config);
        model.Train(_ => true);
        comparison.NearRelative(
            "initial score",
            masks.Scores(masks.Sites[0]).span<float>()[0],
            record.Case.GetProperty("initial_score").GetDouble(),
            1e-6
        );
        if (!mask)
            model.Encoder.Masks = null;
        comparison.Near(
            "logits with initial scores",
            Logits().to_array(),
            record.Floats("logits_initial_scores"),
            Logit
        );
        foreach (var site in masks.Sites)
            record.Floats($"scores.{site}.mask").CopyTo(masks.Scores(site).span<float>());

        var inputs = model.Prepare(batch, training: false);
        var logits = model.Forward(inputs, PassOptions.Evaluation);
        var loss = BertForSequenceClassification.Loss(logits, inputs);
        loss.backward();
        comparison.Near("logits", logits.to_array(), record.Floats("logits"), Logit);
        comparison.Near("loss", loss.item<float>(), record.Floats("loss")[0], Logit);
        foreach (var (site, reference) in record.Matching("score_grad."))
            comparison.Near(
                $"score gradient of {site}",
                Gradients.Of(model.Store, BertParameters.MaskScores(Site(site))),
                reference,
                Gradient
            );
        foreach (var (site, reference) in record.Matching("weight_grad."))
            comparison.Near($"weight gradient of {site}", Gradients.Of(model.Store, $"{site}.weight"), reference, 1e-6);
        foreach (var (site, reference) in record.Matching("mask_full."))
            comparison.Near($"mask of {site}", masks.Gates(Site(site)).to_array(), reference, Mask);
        foreach (var l2 in record.Case.GetProperty("score_grad_l2").EnumerateObject())
        {
            comparison.NearRelative(
                $"l2 of the score gradient of {l2.Name}",
                Gradients.L2(Gradients.Of(model.Store, BertParameters.MaskScores(Site(l2.Name)))),
                l2.Value.GetDouble(),
                Share,
                1e-6
            );
        }
        Penalty(comparison, record, model, masks);
        Statistics(comparison, record, masks);
        return comparison;

        Tensor Logits()
        {
            using var quiet = torch.no_grad();
            return model.Forward(model.Prepare(batch, training: false), PassOptions.Evaluation);
        }
    }

    /// <summary>
    /// R twice: operator by operator through autograd, and by the kernels that the search uses.
    /// </summary>
    private static void Penalty(
        Comparison comparison,
        Record record,
        BertForSequenceClassification model,
        HardConcreteMasks masks
    )
    {
        model.Store.ClearGradients();
        var penalty = masks.Penalty();
        penalty.backward();
        comparison.Near("penalty", penalty.item<float>(), record.Floats("regularizer")[0], 1e-6);
        comparison.Near(
            "penalty, summed in double precision",
            masks.PenaltyValue(),
            record.Floats("regularizer")[0],
            1e-6
        );
        Check("");
        model.Store.ClearGradients();
        masks.AddPenaltyGradient(1, 1);
        Check(", kernel");
        foreach (var part in record.Case.GetProperty("regularizer_per_module").EnumerateObject())
        {
            var scores = masks.Scores(Site(part.Name));
            comparison.Near(
                $"open gates of {part.Name}",
                HardConcreteKernel.OpenProbability(scores) / scores.numel,
                part.Value.GetDouble(),
                1e-6
            );
        }
        model.Store.ClearGradients();

        void Check(string how)
        {
            foreach (var (site, reference) in record.Matching("regularizer_grad."))
                comparison.Near(
                    $"penalty gradient of {site}{how}",
                    Gradients.Of(model.Store, BertParameters.MaskScores(Site(site))),
                    reference,
                    1e-9
                );
        }
    }

    private static void Statistics(Comparison comparison, Record record, HardConcreteMasks masks)
    {
        var found = masks.Statistics();
        comparison.Near("exact gates", found.Binary, Number("pct_binary"), 1e-9);
        comparison.Near("scores below one half", found.BelowHalf, Number("pct_score_below_0.5"), 1e-9);
        comparison.Near("closed gates", found.Closed, Number("exact_zero_fraction"), 1e-9);
        comparison.Near("open gates", found.Open, Number("exact_one_fraction"), 1e-9);
        if (record.Case.TryGetProperty("layer0", out var layer))
            FirstLayer(comparison, layer, masks);

        double Number(string name) => record.Case.GetProperty(name).GetDouble();
    }

    /// <summary>
    /// Mean gates of the first layer: by head of query, key and value, of the other matrices, of
    /// all.
    /// </summary>
    private static void FirstLayer(Comparison comparison, JsonElement recorded, HardConcreteMasks masks)
    {
        // Query, key, value, attention output, intermediate, output.
        var gates = masks.Sites.Take(6).Select(site => masks.Gates(site).to_array()).ToArray();
        var heads = recorded.GetProperty("heads_qkv_mean");
        for (var h = 0; h < heads.GetArrayLength(); h++)
        for (var i = 0; i < 3; i++)
        {
            var width = gates[i].Length / heads.GetArrayLength();
            Mean($"head {h} of matrix {i}", gates[i].Skip(h * width).Take(width), heads[h][i]);
        }
        for (var i = 3; i < 6; i++)
            Mean($"matrix {i}", gates[i], recorded.GetProperty("dense_mean")[i - 3]);
        Mean("the layer", gates.SelectMany(g => g), recorded.GetProperty("layer_mean"));

        void Mean(string what, IEnumerable<float> values, JsonElement reference) =>
            comparison.Near($"mean gate of {what}", values.Average(x => (double)x), reference.GetDouble(), Mask);
    }

    /// <summary>
    /// The evaluation batch with ids taken mod the vocabulary and labels clamped to the classes of
    /// a model.
    /// </summary>
    private static PackedBatch Batch(GoldenTensors file, BertConfig config)
    {
        var batch = GoldenBatch.Read(file, "eval.");
        return PackedBatch.From([
            .. batch.Examples.Select(e =>
                e with
                {
                    Ids = Array.ConvertAll(e.Ids, id => id % config.VocabularySize),
                    Label = Math.Min(e.Label, config.Labels - 1),
                }
            ),
        ]);
    }

    private static string Site(string name) =>
        name.EndsWith(".mask", StringComparison.Ordinal) ? name[..^".mask".Length] : name;

    /// <summary>One entry of forward.json and its tensors.</summary>
    private sealed record Record(string Tag, JsonElement Case, GoldenTensors File)
    {
        public HardConcreteOptions Options =>
            new(
                1,
                OutPerMask: Case.GetProperty("out_w_per_mask").GetInt32(),
                InPerMask: Case.GetProperty("in_w_per_mask").GetInt32()
            );

        public IEnumerable<string> Sites =>
            Case.GetProperty("mask_names_in_forward_order").EnumerateArray().Select(name => Site(name.GetString()!));

        public float[] Floats(string name) => File.Floats($"{Tag}.{name}");

        public IEnumerable<(string Name, float[] Values)> Matching(string prefix) =>
            File
                .Names.Where(name => name.StartsWith($"{Tag}.{prefix}", StringComparison.Ordinal))
                .Select(name => (name[$"{Tag}.{prefix}".Length..], File.Floats(name)));
    }
}
