// Models of other libraries as victims and sentence encoders, and tokenizers that are not
// WordPiece.
using Microsoft.Extensions.AI;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Resources;
using RobustTickets.OnnxRuntime.Tokens;
using Xunit;

namespace RobustTickets.OnnxRuntime.Tests;

public sealed class AdapterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("adapters").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_generator_of_embeddings_is_a_sentence_encoder()
    {
        using var generator = new Lengths();
        var encoder = new EmbeddingGeneratorEncoder(generator, 2, "lengths");
        Assert.Equal(("lengths", 2), (encoder.Name, encoder.Dimension));
        Assert.Equal(
            [
                [1, 3],
                [1, 0],
            ],
            encoder.Encode(["abc", ""])
        );
        Assert.Contains(
            "a vector of 2 numbers, expected 3",
            Assert
                .Throws<InvalidOperationException>(() => new EmbeddingGeneratorEncoder(generator, 3, "x").Encode(["a"]))
                .Message
        );
    }

    [Fact]
    public void A_generator_that_there_is_not_is_refused()
    {
        using var generator = new Lengths();
        Assert.Throws<ArgumentNullException>(() => new EmbeddingGeneratorEncoder(null!, 2, "x"));
        Assert.Throws<ArgumentNullException>(() => new EmbeddingGeneratorEncoder(generator, 2, null!));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EmbeddingGeneratorEncoder(generator, 0, "x"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cancelled_attack_cancels_the_call_of_the_generator(bool heeds)
    {
        using var stop = new CancellationTokenSource();
        using var generator = new Waiting(stop, heeds);
        var similarity = new SentenceSimilarity(
            new EmbeddingGeneratorEncoder(generator, 2, "waits"),
            0.5,
            SimilarityMetric.Cosine,
            Window: null,
            ComparesWithOriginal: true,
            SkipShortTexts: false
        );
        var parts = new AttackParts(new NeighbourTable([]), StopWords.English);
        var attack = AttackRecipe.DeepWordBug(parts).Build() with { Constraints = [similarity] };
        var victim = new FunctionVictim(2, texts => [.. texts.Select(_ => new[] { 0.4, 0.6 })]);
        var run = new AttackEngine(attack, victim).RunAsync([new Example("a", "a good film", 1)], stop.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in run) { }
        });
        Assert.True(generator.Given.IsCancellationRequested);
    }

    [Fact]
    public void Byte_pairs_are_framed_as_RoBERTa_frames_them()
    {
        // Ġ is the byte of a blank.
        string[] tokens = ["<s>", "<pad>", "</s>", "<unk>", "a", "b", "c", "\u0120", "ab", "\u0120c", "<mask>"];
        File.WriteAllText(
            Path.Combine(_folder, "vocab.json"),
            $"{{{string.Join(", ", tokens.Select((t, i) => $"\"{t}\": {i}"))}}}"
        );
        File.WriteAllText(Path.Combine(_folder, "merges.txt"), "#version: 0.2\na b\n\u0120 c\n");
        File.WriteAllText(
            Path.Combine(_folder, "config.json"),
            "{\"model_type\": \"roberta\", \"max_position_embeddings\": 12}"
        );
        var pieces = Load();
        Assert.Equal((1, 10), (pieces.PadId, pieces.ModelMaxLength));
        Assert.Equal([0, 8, 9, 2], pieces.Encode(new TextPair("ab c"), 10).Ids);
        var pair = pieces.Encode(new TextPair("ab c", "ab"), 10);
        Assert.Equal([0, 8, 9, 2, 2, 8, 2], pair.Ids);
        Assert.All(pair.Segments, s => Assert.Equal(0, s));
        Assert.Equal([0, 8, 2], pieces.Encode(new TextPair("ab c"), 3).Ids);

        Settings("""{"model_max_length": 7, "add_prefix_space": true, "truncation_side": "right"}""");
        pieces = Load();
        Assert.Equal(7, pieces.ModelMaxLength);
        Assert.Equal([0, 9, 9, 2], pieces.Encode(new TextPair("c c"), 7).Ids);
        Assert.Equal([0, 9, 2], pieces.Encode(new TextPair(" c"), 7).Ids);
        Settings("""{"model_max_length": 1000000000000000019884624838656, "add_prefix_space": false}""");
        pieces = Load();
        Assert.Equal(10, pieces.ModelMaxLength);
        Assert.Equal([0, 6, 9, 2], pieces.Encode(new TextPair("c c"), 7).Ids);
        Settings("""{"truncation_side": "left"}""");
        Assert.Contains("truncation_side is 'left'", Assert.Throws<DataException>(() => Load()).Message);
    }

    [Theory]
    [InlineData("sentencepiece.bpe.model", "0,4,2", 1)]
    [InlineData("spm.model", "1,4,2", 0)]
    public void Sentence_pieces_have_the_ids_of_their_model(string name, string ids, int pad)
    {
        var fairseq = name.StartsWith("sentencepiece", StringComparison.Ordinal);
        string[] pieces = fairseq
            ? ["<unk>", "<s>", "</s>", "\u2581ab"]
            : ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "\u2581ab"];
        var unknown = fairseq ? 0 : 3;
        var model = new Wire();
        // The last piece is a normal one: the whole text. The others are control pieces.
        foreach (var (i, piece) in pieces.Index())
        {
            var kind =
                i == unknown ? 2
                : i == pieces.Length - 1 ? 1
                : 3;
            model.Message(1, new Wire().Text(1, piece).Float(2, -i).Int(3, kind));
        }
        // A unigram model; no normalization but the blank before the text.
        model.Message(2, new Wire().Int(3, 1).Int(40, unknown).Int(41, 1).Int(42, 2).Int(43, -1));
        model.Message(3, new Wire().Text(1, "identity").Int(3, 1).Int(4, 1).Int(5, 1));
        using (var file = File.Create(Path.Combine(_folder, name)))
            model.CopyTo(file);
        var loaded = Load();
        Assert.Equal(pad, loaded.PadId);
        Assert.Equal(ids.Split(',').Select(int.Parse), loaded.Encode(new TextPair("ab"), 10).Ids);

        Settings("""{"model_max_length": 9, "add_prefix_space": true}""");
        Assert.Equal(9, Load().ModelMaxLength);
        foreach (
            var (setting, refused) in new[]
            {
                ("\"truncation_side\": \"left\"", true),
                ("\"add_prefix_space\": false", true),
                ("\"do_lower_case\": true", !fairseq),
                ("\"split_by_punct\": true", !fairseq),
            }
        )
        {
            Settings($"{{{setting}}}");
            var error = Record.Exception(() => Load());
            Assert.Equal(
                refused,
                error is DataException e && e.Message.Contains(setting.Split('"')[1], StringComparison.Ordinal)
            );
        }
    }

    [Fact]
    public void A_tokenizer_of_another_kind_is_refused_by_name()
    {
        File.WriteAllText(Path.Combine(_folder, "spiece.model"), "");
        Assert.Contains("ALBERT", Assert.Throws<DataException>(() => Load()).Message);
        File.Move(Path.Combine(_folder, "spiece.model"), Path.Combine(_folder, "spm.model"));
        Assert.Contains("spm.model", Assert.Throws<DataException>(() => Load()).Message);
    }

    private void Settings(string json) => File.WriteAllText(Path.Combine(_folder, "tokenizer_config.json"), json);

    private PieceEncoder Load()
    {
        var model = Path.Combine(_folder, "model.onnx");
        File.WriteAllText(model, "");
        return PieceEncoder.Load(OnnxModelFiles.Find(model), null);
    }

    private static bool Close(double a, double b) => Math.Abs(a - b) < 1e-12;

    // Cancels the attack when called, and answers only if told to by its token.
    private sealed class Waiting(CancellationTokenSource stop, bool heeds)
        : IEmbeddingGenerator<string, Embedding<float>>
    {
        public CancellationToken Given { get; private set; }

        public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
            IEnumerable<string> values,
            EmbeddingGenerationOptions? options = null,
            CancellationToken cancellationToken = default
        )
        {
            Given = cancellationToken;
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, heeds ? cancellationToken : CancellationToken.None);
            return [];
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() { }
    }

    private sealed class Lengths : IEmbeddingGenerator<string, Embedding<float>>
    {
        public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
            IEnumerable<string> values,
            EmbeddingGenerationOptions? options = null,
            CancellationToken cancellationToken = default
        ) =>
            Task.FromResult(
                new GeneratedEmbeddings<Embedding<float>>(
                    values.Select(v => new Embedding<float>(new float[] { 1, v.Length }))
                )
            );

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() { }
    }
}
