// Checkpoints written by other programs (transformers and PyTorch). Each model that lies in several
// files must give the same tensors from all of them. Mutant: a reader that starts every tensor one
// element late, which the same comparison must reject.
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Pickles;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

public sealed class CheckpointGoldenTests
{
    [SkippableFact]
    public void Every_form_of_a_golden_model_gives_the_same_tensors()
    {
        if (Golden.Folder("models") is not { } models)
        {
            throw Golden.Skip(nameof(Every_form_of_a_golden_model_gives_the_same_tensors));
        }
        // A folder may hold no model in two forms: then nothing is compared, and that is said.
        if (Directory.EnumerateDirectories(models).Sum(Compare) == 0)
            throw Golden.Skip(nameof(Every_form_of_a_golden_model_gives_the_same_tensors));
    }

    [SkippableFact]
    public void Every_golden_model_folder_opens_and_fits_its_configuration()
    {
        if (Golden.Folder("models") is not { } models)
        {
            throw Golden.Skip(nameof(Every_golden_model_folder_opens_and_fits_its_configuration));
        }
        foreach (var dir in Directory.EnumerateDirectories(models))
        {
            if (!File.Exists(Path.Combine(dir, "config.json")))
            {
                // Only a head: not a model folder, and said so.
                Assert.Throws<CheckpointException>(() => HuggingFaceFolder.Open(dir));
                foreach (var path in Directory.EnumerateFiles(dir, "*.safetensors"))
                {
                    using var file = SafetensorsFile.Open(path);
                    RequireFinite(file);
                }
                continue;
            }
            using var model = HuggingFaceFolder.Open(dir);
            RequireFinite(model.Weights);
            Assert.Empty(model.Unused);
            Assert.Equal(
                HuggingFaceFolder.ExpectedShapes(model.Config).Count,
                model.Weights.Tensors.Count(t => HuggingFaceFolder.ExpectedShapes(model.Config).ContainsKey(t.Name))
            );
            // What is read, written and read again is the same; a mutant configuration with one
            // more layer is rejected.
            using var folder = new TemporaryFolder();
            HuggingFaceFolderWriter.Write(
                folder.At("copy"),
                model.Config,
                model.Weights.Tensors.Select(t => NamedTensor.From(model.Weights, t.Name))
            );
            using var copy = HuggingFaceFolder.Open(folder.At("copy"));
            RequireEqual(model.Weights, copy.Weights);
            Assert.Throws<CheckpointException>(() =>
                HuggingFaceFolder.RequireShapes(
                    copy.Weights,
                    model.Config with
                    {
                        NumHiddenLayers = model.Config.NumHiddenLayers + 1,
                    }
                )
            );
        }
    }

    [SkippableFact]
    public void The_legacy_dummy_equals_its_safetensors()
    {
        if (Shared("bert_xsmall_dummy") is not { } dir)
            return;
        Assert.Equal(1, Compare(dir));
    }

    [SkippableFact]
    public void A_half_precision_model_reads_as_plausible_floats()
    {
        if (Shared("movie-bert-6l-256h") is not { } dir)
            return;
        using var model = HuggingFaceFolder.Open(dir);
        RequireFinite(model.Weights);
        foreach (
            var info in model.Weights.Tensors.Where(t => t.Name.EndsWith("LayerNorm.weight", StringComparison.Ordinal))
        )
        {
            Assert.Equal(TensorElement.F16, info.Element);
            var median = Median(model.Weights.ReadFloats(info.Name));
            Assert.InRange(median, 0.2f, 2f);
            // Mutant: the same bytes as bfloat16.
            var mutant = new float[info.Count];
            TensorBytes.ToFloats(TensorElement.BF16, model.Weights.Bytes(info.Name).Span, mutant);
            Assert.NotInRange(Median(mutant), 0.8f * median, 1.25f * median);
        }
    }

    [SkippableFact]
    public void A_TensorFlow_checkpoint_and_a_folder_without_embeddings_are_refused_by_name()
    {
        if (Shared("bert_tf_tiny_checkpoint") is { } tensorFlow)
        {
            Fixtures.Refused(
                () => HuggingFaceFolder.Open(tensorFlow),
                "TensorFlow checkpoint",
                "bert_model.ckpt.index",
                "convert"
            );
        }
        if (Shared("bert_tiny_sst2_encoder") is { } encoder)
        {
            Fixtures.Refused(() => HuggingFaceFolder.Open(encoder), "no weights", "encoder.safetensors");
            Fixtures.Refused(
                () => HuggingFaceFolder.Open(encoder, "encoder.safetensors"),
                "bert.embeddings.",
                "missing"
            );
        }
    }

    /// <summary>
    /// Compares every pickle of a folder with its safetensors file; returns how many were compared.
    /// </summary>
    private static int Compare(string dir)
    {
        var reference = Path.Combine(dir, "model.safetensors");
        if (!File.Exists(reference))
            return 0;
        var pickles = Directory.EnumerateFiles(dir, "*.bin").ToArray();
        using var safetensors = new NormalizedTensors(SafetensorsFile.Open(reference));
        RequireFinite(safetensors);
        foreach (var path in pickles)
        {
            using var pickle = new NormalizedTensors(PickleCheckpoint.Open(path));
            // A pickle may hold more (an unused head), never less.
            RequireEqual(safetensors, pickle);
            var differing = safetensors.Tensors.Count(t =>
                t.Count > 1 && !Late(safetensors.Bytes(t.Name), t).SequenceEqual(pickle.Bytes(t.Name).ToArray())
            );
            Assert.True(differing > 0, $"{path}: reading one element late goes unnoticed");
        }
        return pickles.Length;
    }

    private static float Median(float[] values) => values.Order().ElementAt(values.Length / 2);

    private static byte[] Late(ReadOnlyMemory<byte> bytes, TensorInfo info) =>
        [.. bytes.Span[info.Element.Size()..], .. bytes.Span[..info.Element.Size()]];

    private static void RequireEqual(ITensorSource expected, ITensorSource actual)
    {
        Assert.NotEmpty(expected.Tensors);
        foreach (var info in expected.Tensors)
        {
            Assert.True(actual.Contains(info.Name), $"{actual.Location}: no tensor '{info.Name}'");
            Assert.Equal(info.Shape, actual.Info(info.Name).Shape);
            Assert.Equal(info.Element, actual.Info(info.Name).Element);
            Assert.True(
                expected.Bytes(info.Name).Span.SequenceEqual(actual.Bytes(info.Name).Span),
                $"{actual.Location}: tensor '{info.Name}' differs from {expected.Location}"
            );
        }
    }

    private static void RequireFinite(ITensorSource source)
    {
        foreach (var info in source.Tensors)
        {
            Assert.True(
                source.ReadFloats(info.Name).All(float.IsFinite),
                $"{source.Location}: tensor '{info.Name}' is not finite: no reference"
            );
        }
    }

    private static string? Shared(string model)
    {
        var path = Golden.Shared is { } shared ? Path.Combine(shared, "models", model) : null;
        if (path is not null && Directory.Exists(path))
            return path;
        throw Golden.Skip($"models/{model}");
    }
}
