// The masked-language-model head against an independent implementation (golden folder g2_bert,
// mlm_*). Mutant: the other form of GELU.
using System.Text.Json;
using RobustTickets.Models;
using RobustTickets.Testing;
using RobustTickets.Tests.Models;
using RobustTickets.Torch;
using Xunit;
using static RobustTickets.Torch.torch.nn;

namespace RobustTickets.Tests.GoldenValues;

[Collection(TorchCollection.Name)]
public sealed class MaskedLmGoldenTests
{
    private const long Ignored = -100;

    [SkippableTheory]
    [InlineData(Executions.Packed)]
    [InlineData(Executions.Padded)]
    public void Logits_loss_choice_and_gradients_agree(string execution)
    {
        var files = Golden.Folder("g2_bert") is { } folder ? Directory.GetFiles(folder, "mlm_*.safetensors") : [];
        if (files.Length == 0)
        {
            throw Golden.Skip("g2_bert masked language model");
        }
        foreach (var path in files)
        {
            Compare(path, execution, same => same).Agrees();
            Compare(path, execution, GoldenModel.OtherGelu).Rejects("the other form of GELU");
        }
    }

    private static Comparison Compare(string path, string execution, Func<BertConfig, BertConfig> change)
    {
        var file = GoldenTensors.Open(path);
        var name = Path.GetFileNameWithoutExtension(path)["mlm_".Length..];
        var comparison = new Comparison($"mlm {name}, {execution}");
        var model = GoldenModel.MaskedLm(name);
        var batch = GoldenBatch.Read(file, "");
        var vocabulary = model.Config.VocabularySize;
        using var net = model.NewMaskedLm(Executions.Of(execution), change(model.Config));
        net.Store.RequireGradient(_ => true);
        using var scope = torch.scope();
        var inputs = net.Prepare(batch.Packed, training: true);

        var logits = net.Forward(inputs, torch.arange(batch.Cells.Length), PassOptions.Evaluation); // [T, V]
        var labels = file.Longs("labels");
        var loss = functional.cross_entropy(
            logits,
            torch.tensor<long>([.. batch.Cells.Select(cell => labels[cell])], batch.Cells.Length),
            ignore_index: Ignored
        );
        loss.backward();
        comparison.Near(
            "logits",
            logits.to_array(),
            GoldenBatch.Rows(file.Floats("logits"), batch.Cells, vocabulary),
            1e-5
        );
        comparison.Near("loss", loss.item<float>(), file.Floats("loss")[0], 1e-5);
        var choices = file.Longs("argmax");
        comparison.Same(
            "choices",
            string.Join(' ', logits.argmax(1).to_array<long>()),
            string.Join(' ', batch.Cells.Select(cell => choices[cell]))
        );

        var found = Gradients.All(net.Store);
        foreach (var gradient in file.Names.Where(n => n.StartsWith("grad.", StringComparison.Ordinal)))
        {
            comparison.Near(gradient, found[gradient["grad.".Length..]], file.Floats(gradient), 5e-6);
        }
        using var stats = JsonDocument.Parse(
            File.ReadAllText(Golden.Required("g2_bert", $"mlm_{name}_grad_stats.json"))
        );
        GradientStatistics.Compare(comparison, stats.RootElement, found, 1e-5, 5e-6);
        MaskedRowsAlone(comparison, net, inputs, batch, file, labels);
        return comparison;
    }

    /// <summary>Training asks for the masked rows only; they must be those of the whole.</summary>
    private static void MaskedRowsAlone(
        Comparison comparison,
        BertForMaskedLM net,
        BertInputs inputs,
        GoldenBatch batch,
        GoldenTensors file,
        long[] labels
    )
    {
        using var quiet = torch.no_grad();
        var rows = Enumerable.Range(0, batch.Cells.Length).Where(row => labels[batch.Cells[row]] != Ignored).ToArray();
        var logits = net.Forward(
            inputs,
            torch.tensor<long>([.. rows.Select(row => (long)row)], rows.Length),
            PassOptions.Evaluation
        );
        var wanted = rows.Select(row => batch.Cells[row]).ToArray();
        comparison.Near(
            "logits of the masked rows alone",
            logits.to_array(),
            GoldenBatch.Rows(file.Floats("logits"), wanted, net.Encoder.Config.VocabularySize),
            1e-5
        );
        var loss = functional.cross_entropy(
            logits,
            torch.tensor<long>([.. wanted.Select(cell => labels[cell])], wanted.Length)
        );
        comparison.Near("loss of the masked rows alone", loss.item<float>(), file.Floats("loss")[0], 1e-5);
    }
}
