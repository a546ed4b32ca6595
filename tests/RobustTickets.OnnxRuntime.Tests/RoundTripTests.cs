// Trained, drawn, exported, attacked by ONNX Runtime: the same outcomes as the attack on the
// folder.
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Cli;
using RobustTickets.Export;
using RobustTickets.Models;
using Xunit;
using static RobustTickets.OnnxRuntime.Tests.TrainedTicket;

namespace RobustTickets.OnnxRuntime.Tests;

[Collection(TorchCollection.Name)]
public sealed class RoundTripTests(TrainedTicket ticket)
{
    /// <summary>Scores that are closer than this are a tie: either may come first.</summary>
    private const double Tie = 1e-4;

    [Theory]
    [InlineData("deepwordbug")]
    [InlineData("textfooler")]
    public void An_attack_by_ONNX_Runtime_has_the_outcomes_of_the_attack_on_the_folder(string recipe)
    {
        var exported = Export("--format", "onnx");
        string[] options =
            recipe == "textfooler" ? ["--neighbours", ticket.Neighbours, "--no-part-of-speech", "--no-similarity"] : [];
        var (folder, onnx) = (Attack(ticket.Model, recipe, options), Attack(exported, recipe, options));
        Assert.Equal(folder.Select(o => o.Id), onnx.Select(o => o.Id));
        var ties = 0;
        foreach (var (a, b) in folder.Zip(onnx))
        {
            if (Same(a, b))
                continue;
            // Only where two candidates' scores were equal but for rounding.
            Assert.True(Math.Abs(a.PerturbedScore - b.PerturbedScore) <= Tie, $"{a}\n{b}");
            ties++;
        }
        Assert.True(ties <= folder.Count / 20, $"{ties} ties of {folder.Count}");
        Assert.Contains(folder, o => o.Result == AttackResult.Success);
        Assert.Contains(folder, o => o.Result is AttackResult.Failed or AttackResult.Skipped);
    }

    [Fact]
    public void Evaluate_and_predict_say_of_the_file_what_they_say_of_the_folder()
    {
        var exported = Export("--format", "onnx", "--optimize");
        string[] data = ["--data", ticket.Data, "--task", "sst2", "--json"];
        var a = JsonNode.Parse(Ok(["evaluate", "--model", ticket.Model, .. data]))!;
        var b = JsonNode.Parse(Ok(["evaluate", "--model", exported, .. data]))!;
        var c = JsonNode.Parse(
            Ok(["evaluate", "--model", Path.Combine(exported, "model.onnx"), "--max-length", "40", .. data])
        )!;
        foreach (var field in new[] { "correct", "examples", "truncated", "split", "sha256" })
            Assert.Equal(a[field]!.ToJsonString(), b[field]!.ToJsonString());
        Assert.Equal((double)a["loss"]!, (double)b["loss"]!, 1e-5);
        Assert.Equal(40, (int)c["max_length"]!);
        var texts = ticket.New("texts");
        File.WriteAllLines(texts, ["{\"text\": \"a good film\", \"id\": 3}", "{\"text\": \"dull\"}"]);
        var answers = Ok("predict", "--model", exported, "--input", texts, "--logits").Split('\n');
        var first = JsonNode.Parse(answers[0])!;
        Assert.Equal(3, (int)first["id"]!);
        using var classifier = Classifier.Load(ticket.Model);
        var logits = classifier.Logits([new TextPair("a good film")])[0];
        for (var i = 0; i < logits.Length; i++)
            Assert.Equal(logits[i], (float)first["logits"]![i]!, 1e-4);
        Assert.Equal(classifier.Predict("a good film").Label, (string?)first["label"]);
    }

    [Fact]
    public void The_file_alone_tells_classes_positions_and_ticket()
    {
        var alone = Directory.CreateDirectory(ticket.New("alone")).FullName;
        var exported = Export("--format", "onnx");
        foreach (var name in new[] { "model.onnx", "vocab.txt" })
            File.Copy(Path.Combine(exported, name), Path.Combine(alone, name));
        using var classifier = OnnxClassifier.Load(alone);
        Assert.Equal(["negative", "positive"], classifier.Labels);
        Assert.Equal(48, classifier.MaxLength);
        using var network = OnnxNetwork.Open(Path.Combine(alone, "model.onnx"));
        var config = HuggingFaceConfig.Load(Path.Combine(ticket.Model, "config.json"));
        var kept = JsonNode.Parse(network.Metadata["ticket"])!["layer_head_num"]!.AsArray();
        Assert.Equal(config.Ticket!.LayerHeadNum, kept.Select(h => (int)h!));
        Assert.Contains(config.Ticket.LayerHeadNum, heads => heads < config.NumAttentionHeads);
    }

    [Fact]
    public void A_mask_that_is_not_yet_in_the_weights_is_refused()
    {
        var copy = Directory.CreateDirectory(ticket.New("masked")).FullName;
        foreach (var name in new[] { "config.json", "vocab.txt", "tokenizer_config.json" })
            File.Copy(Path.Combine(ticket.Model, name), Path.Combine(copy, name));
        using (var tensors = SafetensorsFile.Open(Path.Combine(ticket.Model, "model.safetensors")))
        {
            var site = BertParameters.MaskScores(BertParameters.Layer(0).Intermediate);
            SafetensorsWriter.Write(
                Path.Combine(copy, "model.safetensors"),
                [
                    .. tensors.Tensors.Select(t => NamedTensor.From(tensors, t.Name)),
                    NamedTensor.FromFloats(site, [1], [1f]),
                ]
            );
        }
        var (code, _, error) = Command("export", "--model", copy, "--format", "onnx", "--out", ticket.New("none"));
        Assert.Equal(ExitCodes.Data, code);
        Assert.Contains(".mask_scores', a mask not yet applied to the weights", error);
    }

    [Fact]
    public void What_an_ONNX_file_cannot_do_is_refused()
    {
        var exported = Export("--format", "onnx");
        var (code, _, error) = Command("predict", "--model", exported, "--precision", "bf16");
        Assert.Equal((ExitCodes.Usage, true), (code, error.Contains("--precision", StringComparison.Ordinal)));
        (code, _, error) = Command("predict", "--model", exported, "--labels", "a,b,c");
        Assert.Equal((ExitCodes.Data, true), (code, error.Contains("names 3 classes", StringComparison.Ordinal)));
        File.WriteAllText(Path.Combine(exported, "model.onnx"), "no model");
        (code, _, error) = Command("predict", "--model", exported);
        Assert.Equal((ExitCodes.Data, true), (code, error.Contains("is not an ONNX file", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("--json")]
    [InlineData("--optimize")]
    public void What_was_exported_is_imported_again_bit_for_bit(string option)
    {
        var (exported, imported) = (ticket.New("exported"), ticket.New("imported"));
        Ok("export", "--model", ticket.Base, "--format", "onnx", "--out", exported, option);
        string Beside(string name) => Path.Combine(exported, name);
        Ok("models", "import", "--onnx", Beside("model.onnx"), "--vocab", Beside("vocab.txt"), "--out", imported);
        using var before = HuggingFaceFolder.Open(ticket.Base);
        using var after = HuggingFaceFolder.Open(imported);
        foreach (var name in HuggingFaceFolder.ExpectedShapes(before.Config).Keys)
            Assert.Equal(before.Weights.ReadFloats(name), after.Weights.ReadFloats(name));
    }

    [Fact]
    public void An_imported_export_knows_what_it_was_trained_on()
    {
        var (exported, imported) = (Export("--format", "onnx"), ticket.New("imported"));
        string[] import =
        [
            "models",
            "import",
            "--onnx",
            Path.Combine(exported, "model.onnx"),
            "--vocab",
            Path.Combine(exported, "vocab.txt"),
            "--out",
            imported,
        ];
        Ok(import);
        // The checksums cover what was copied, so the folder opens, and may be replaced.
        Ok([.. import, "--replace"]);
        string Kind(params string[] more) =>
            (string)
                JsonNode.Parse(
                    Ok(["evaluate", "--model", imported, "--data", ticket.Data, "--task", "sst2", "--json", .. more])
                )!["rows"]!["kind"]!;
        Assert.Equal(("held-out", "trained-on"), (Kind(), Kind("--split", "train")));
        foreach (var name in new[] { "training.json", "training-texts.json" })
            Assert.Equal(
                File.ReadAllBytes(Path.Combine(exported, name)),
                File.ReadAllBytes(Path.Combine(imported, name))
            );
        // A single training row, in another file.
        var rows = ticket.New("rows") + ".csv";
        var fields = File.ReadAllLines(Path.Combine(ticket.Data, "train.tsv"))[1].Split('\t');
        File.WriteAllText(rows, $"text,label\n\"{fields[0]}\",{fields[1]}\n");
        var (code, _, error) = Command(
            "evaluate",
            "--model",
            imported,
            "--data",
            rows,
            "--task",
            "csv",
            "--labels",
            "0,1"
        );
        Assert.Equal((ExitCodes.Usage, true), (code, error.Contains("was trained on all", StringComparison.Ordinal)));
    }

    [Fact]
    public void Eight_bits_are_a_smaller_file_whose_loss_is_measured_on_held_out_rows()
    {
        var plain = Export("--format", "onnx");
        var target = ticket.New("int8");
        var json = JsonNode.Parse(
            Ok(
                "export",
                "--model",
                ticket.Model,
                "--format",
                "onnx",
                "--quantize",
                "int8",
                "--out",
                target,
                "--json",
                "--data",
                ticket.Data,
                "--task",
                "sst2",
                "--recipe",
                "deepwordbug",
                "--num-examples",
                "10"
            )
        )!;
        long Bytes(string folder) => new FileInfo(Path.Combine(folder, "model.onnx")).Length;
        Assert.True(Bytes(target) < Bytes(plain), $"{Bytes(target)} of {Bytes(plain)} bytes");
        var loss = json["quantization"]!;
        Assert.Equal((40, 10), ((int)loss["examples"]!, (int)loss["attacked"]!));
        Assert.True(Math.Abs((double)loss["accuracy_before"]! - (double)loss["accuracy_after"]!) <= 0.1);
        Assert.InRange((double)loss["aua_after"]!, 0, 100);
        var import = new OnnxImportRequest(
            Path.Combine(target, "model.onnx"),
            Path.Combine(target, "vocab.txt"),
            ticket.New("from-int8")
        );
        Assert.Contains(
            "belongs to a quantised model",
            Assert.Throws<CheckpointException>(() => OnnxImport.Run(import)).Message
        );
        Assert.Equal(
            ExitCodes.Usage,
            Command(
                "export",
                "--model",
                ticket.Model,
                "--format",
                "hf-dense",
                "--quantize",
                "int8",
                "--out",
                target
            ).Code
        );
    }

    [Fact]
    public void A_masked_model_without_a_head_and_an_export_that_differs_leave_nothing_behind()
    {
        var target = ticket.New("none");
        Assert.Equal(
            ExitCodes.Data,
            Command("export", "--model", ticket.Base, "--format", "onnx", "--head", "masked-lm", "--out", target).Code
        );
        Assert.False(Directory.Exists(target));
        // Mutant: a runtime that is off in the fifth digit.
        Assert.Throws<ExportVerificationException>(() =>
            OnnxExport.Write(ticket.Model, target, new OnnxExportOptions(), path => new Shifted(OnnxNetwork.Open(path)))
        );
        Assert.Throws<ExportVerificationException>(() =>
            OnnxExport.Write(ticket.Model, target, new OnnxExportOptions(), _ => throw new DataException("broken"))
        );
        Assert.False(Directory.Exists(target));
        Assert.DoesNotContain(
            Directory.GetFileSystemEntries(Path.GetDirectoryName(target)!),
            entry => Path.GetFileName(entry).StartsWith('.')
        );
        var encoder = Ok("export", "--model", ticket.Base, "--format", "onnx", "--out", target, "--json");
        Assert.Equal("encoder", (string?)JsonNode.Parse(encoder)!["head"]);
    }

    private string Export(params string[] options)
    {
        var target = ticket.New("exported");
        var said = Ok(["export", "--model", ticket.Model, "--out", target, .. options]);
        Assert.Contains("64 texts of 3 to 48 pieces", said);
        return target;
    }

    private List<AttackOutcome> Attack(string model, string recipe, string[] options)
    {
        var target = ticket.New("attack");
        Ok([
            "attack",
            "--model",
            model,
            "--recipe",
            recipe,
            "--data",
            ticket.Data,
            "--task",
            "sst2",
            "--out",
            target,
            .. options,
        ]);
        return [.. File.ReadLines(Path.Combine(target, "examples.jsonl")).Select(AttackJson.Parse)];
    }

    private static bool Same(AttackOutcome a, AttackOutcome b) =>
        a.Result == b.Result
        && a.Queries == b.Queries
        && a.Perturbed.SequenceEqual(b.Perturbed)
        && a.OriginalOutput == b.OriginalOutput;

    private sealed class Shifted(OnnxNetwork inner) : Attacks.Tokens.ITokenModel
    {
        public float[][] Run(IReadOnlyList<Attacks.Tokens.TokenEncoding> batch)
        {
            var rows = inner.Run(batch);
            rows[^1][0] += 5e-5f * Math.Max(1, Math.Abs(rows[^1][0]));
            return rows;
        }

        public void Dispose() => inner.Dispose();
    }
}
