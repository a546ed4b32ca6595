// A real pre-trained BERT, read from ONNX, against ONNX Runtime's vectors of it (golden folder
// g9_minilm). Mutants: a matrix that is not transposed, query and key exchanged, another epsilon,
// segments ignored, capitals kept.
using System.Text.Json;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Evaluation;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Testing;
using RobustTickets.Tests.Checkpoints;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.GoldenValues;

/// <summary>The model, made from its package once for all tests here.</summary>
public sealed class MiniLmModel : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public MiniLmModel()
    {
        if (Golden.Folder("g9_minilm", "sentences.jsonl") is null)
            return;
        try
        {
            Folder = new ModelStore(_folder.At("models")).Get(KnownModel.Find("minilm-l6")).Folder;
        }
        catch (CheckpointException e) when (e.Message.Contains("is not available: ", StringComparison.Ordinal))
        {
            Missing = e.Message;
        }
    }

    internal string? Folder { get; }

    internal string Missing { get; } = "g9_minilm";

    public void Dispose() => _folder.Dispose();
}

[Collection(TorchCollection.Name)]
[Trait("Category", "Golden")]
public sealed class MiniLmGoldenTests(MiniLmModel model) : IClassFixture<MiniLmModel>
{
    // The README of g9_minilm.
    private const double Tolerance = 2e-5;

    private string Folder => model.Folder ?? throw Golden.Skip(model.Missing);

    [SkippableTheory]
    [InlineData(Executions.Packed)]
    [InlineData(Executions.Padded)]
    public void Last_hidden_states_agree(string execution)
    {
        var sentences = Sentence.All();
        Compare(sentences, execution).Agrees();
        Compare(sentences, execution, NotTransposed).Rejects("a matrix not transposed");
        Compare(sentences, execution, Exchanged).Rejects("query and key exchanged");
        Compare(sentences, execution, config: c => c with { LayerNormEpsilon = 1e-5 }).Rejects("epsilon 1e-5");
        var pairs = sentences.Where(s => s.Segments.Contains(1)).ToArray();
        if (pairs.Length > 0)
            Compare(pairs, execution, segments: false).Rejects("segments ignored");
    }

    [SkippableFact]
    public void The_tokenizer_of_the_package_gives_the_ids()
    {
        var tokenizer = WordPieceTokenizer.Load(Folder);
        var cased = new WordPieceTokenizer(tokenizer.Vocabulary, tokenizer.Options with { DoLowerCase = false });
        var (judged, capitals, differ) = (0, 0, 0);
        foreach (var sentence in Sentence.All())
        {
            var encoded = tokenizer.Encode(sentence.Text, tokenizer.ModelMaxLength);
            Assert.Equal(sentence.Ids, encoded.Ids);
            Assert.Equal(sentence.Segments, encoded.Segments);
            judged++;
            capitals += $"{sentence.Text.First}{sentence.Text.Second}".Any(char.IsUpper) ? 1 : 0;
            differ += cased.Encode(sentence.Text, cased.ModelMaxLength).Ids.SequenceEqual(sentence.Ids) ? 0 : 1;
        }
        Assert.True(judged > 0, "no sentence was read");
        // The mutant keeps capitals.
        Assert.Equal(capitals > 0, differ > 0);
    }

    [SkippableFact]
    public void As_sentence_encoder_of_attacks_it_gives_the_mean_over_all_tokens()
    {
        var sentences = Sentence.All().Where(s => s.Text.Second is null).ToArray();
        using var encoder = BertSentenceEncoder.Load(Folder);
        var found = encoder.Encode([.. sentences.Select(s => s.Text.First)]);
        var comparison = new Comparison("sentence vectors");
        var withoutSpecial = new Comparison("sentence vectors");
        for (var i = 0; i < sentences.Length; i++)
        {
            comparison.Near($"sentence {i}", ToFloats(found[i]), sentences[i].Mean, Tolerance);
            withoutSpecial.Near($"sentence {i}", ToFloats(found[i]), sentences[i].Cls, Tolerance);
        }
        comparison.Agrees();
        withoutSpecial.Rejects("the first token for the mean");
    }

    private Comparison Compare(
        IReadOnlyList<Sentence> sentences,
        string execution,
        Action<BertForMaskedLM>? weights = null,
        Func<BertConfig, BertConfig>? config = null,
        bool segments = true
    )
    {
        var comparison = new Comparison($"all-MiniLM-L6-v2, {execution}");
        using var net = Load(execution, config ?? (c => c));
        weights?.Invoke(net);
        for (var i = 0; i < sentences.Count; i++)
        {
            var s = sentences[i];
            using var quiet = torch.no_grad();
            using var scope = torch.scope();
            var batch = PackedBatch.From([
                new EncodedExample(0, s.Ids, segments ? s.Segments : new int[s.Segments.Length], -1),
            ]);
            var hidden = net.Encoder.EncodeAll(net.Prepare(batch, training: false), PassOptions.Evaluation).to_array();
            var width = hidden.Length / s.Ids.Length;
            var mean = new float[width];
            for (var j = 0; j < width; j++)
                mean[j] = (float)Enumerable.Range(0, s.Ids.Length).Average(t => (double)hidden[(t * width) + j]);
            comparison.Near($"sentence {i}, first token", hidden.AsSpan(0, width), s.Cls, Tolerance);
            comparison.Near($"sentence {i}, mean", mean, s.Mean, Tolerance);
        }
        return comparison;
    }

    private BertForMaskedLM Load(string execution, Func<BertConfig, BertConfig> change)
    {
        var loaded = BertFiles.LoadMaskedLM(Folder, RandomKey.FromSeed(0), Executions.Of(execution));
        var config = change(loaded.Encoder.Config);
        return config == loaded.Encoder.Config
            ? loaded
            : new BertForMaskedLM(loaded.Store, config, Executions.Of(execution));
    }

    private static void NotTransposed(BertForMaskedLM net)
    {
        var name = BertParameters.Weight(BertParameters.Layer(0).AttentionOutput);
        net.Store.Replace(name, net.Store[name].transpose(0, 1).contiguous());
    }

    private static void Exchanged(BertForMaskedLM net)
    {
        var names = BertParameters.Layer(0);
        foreach (var part in (Func<string, string>[])[BertParameters.Weight, BertParameters.Bias])
        {
            // The store disposes what it replaces.
            var (query, key) = (net.Store[part(names.Query)].to_array(), net.Store[part(names.Key)].to_array());
            var shape = net.Store[part(names.Query)].shape;
            net.Store.Replace(part(names.Query), torch.tensor<float>(key, shape));
            net.Store.Replace(part(names.Key), torch.tensor<float>(query, shape));
        }
    }

    private static float[] ToFloats(double[] values) => Array.ConvertAll(values, x => (float)x);

    private sealed record Sentence(TextPair Text, int[] Ids, int[] Segments, float[] Cls, float[] Mean)
    {
        public static Sentence[] All()
        {
            var file = Golden.Required("g9_minilm", "sentences.jsonl");
            return
            [
                .. File.ReadLines(file).Where(line => line.Length > 0).Select(line => Read(JsonDocument.Parse(line))),
            ];
        }

        private static Sentence Read(JsonDocument json)
        {
            var row = json.RootElement;
            var pair = row.TryGetProperty("text_pair", out var second) ? second.GetString() : null;
            return new Sentence(
                new TextPair(row.GetProperty("text").GetString()!, pair),
                Numbers("ids", e => e.GetInt32()),
                Numbers("segments", e => e.GetInt32()),
                Numbers("cls", e => e.GetSingle()),
                Numbers("mean", e => e.GetSingle())
            );

            T[] Numbers<T>(string name, Func<JsonElement, T> read) =>
                [.. row.GetProperty(name).EnumerateArray().Select(read)];
        }
    }
}
