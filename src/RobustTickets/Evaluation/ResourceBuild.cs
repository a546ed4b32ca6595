// Builds resources that attacks need: counter-fitted word vectors from any vectors or from a BERT's
// embeddings, and a part-of-speech tagger from a treebank.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Resources.Building;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Models;

namespace RobustTickets;

/// <summary>Output of a build: a file, or the resource folder when no file is given.</summary>
/// <param name="Folder">The resource folder.</param>
/// <param name="File">The file.</param>
/// <param name="Replace">Whether an existing resource may be replaced.</param>
public sealed record BuildTarget(ResourceFolder Folder, string? File = null, bool Replace = false);

/// <summary>A resource that was built.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Hash">Its SHA-256.</param>
/// <param name="Content">Description of its content.</param>
/// <param name="Made">Description of its sources.</param>
/// <param name="Figures">Measured figures by name, and what each is of: Spearman's correlation of
/// rated pairs, or accuracy in [0, 1]; empty without an evaluation.</param>
public sealed record BuiltResource(
    string Path,
    string Hash,
    string Content,
    string Made,
    IReadOnlyList<(string Name, double Value, string Of)> Figures
);

/// <summary>Builds resources.</summary>
public static class ResourceBuild
{
    /// <summary>Builds counter-fitted word vectors.</summary>
    /// <param name="from">A file of word vectors, a BERT folder, or the name of a model.</param>
    /// <param name="wordNet">WordNet's dict folder.</param>
    /// <param name="similarities">Rated word pairs to evaluate the vectors on, before and after;
    /// null: no evaluation.</param>
    /// <param name="target">Output.</param>
    /// <param name="progress">Receives progress, or null.</param>
    /// <param name="stop">Cancels; then nothing is written.</param>
    /// <exception cref="DataException">An input is missing or malformed, or no pair of WordNet has
    /// vectors.</exception>
    /// <exception cref="CheckpointException">The BERT folder is malformed.</exception>
    /// <exception cref="OutputException">The target exists, or cannot be written.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    public static BuiltResource WordVectors(
        string from,
        string wordNet,
        string? similarities,
        BuildTarget target,
        IProgress<BuildProgress>? progress = null,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(wordNet);
        ArgumentNullException.ThrowIfNull(target);
        var kind = ResourceKinds.TryFind("word-vectors")!;
        Require(kind, target);
        var place = Source(from);
        var before = Directory.Exists(place) ? Embeddings(place) : WordVectorReader.Read(place);
        var was = similarities is null ? null : WordSimilarity.Of(before, similarities);
        var constraints = LexicalConstraints.Of(WordNet.Read(wordNet), before);
        if (constraints.Synonyms.Count + constraints.Antonyms.Count == 0)
            throw new DataException(
                $"{from}: no two of its {before.Count} words are synonyms or antonyms in {wordNet}"
            );
        var after = CounterFitting.Fit(before, constraints, null, Each(progress), stop);
        var name = "counter-fitted-vectors" + (WordVectorWriter.FitBinary(after) ? ".bin" : ".txt");
        List<(string, double, string)> figures = [];
        if (was is not null)
        {
            var now = WordSimilarity.Of(after, similarities!);
            var of = $"Spearman, {was.Pairs} of {was.OfPairs} pairs";
            figures.Add(("similarity before", was.Correlation, of));
            figures.Add(("similarity after", now.Correlation, of));
        }
        return Put(
            kind,
            target,
            name,
            (stream, file) => WordVectorWriter.Write(after, stream, file),
            $"counter-fitted to {constraints.Synonyms.Count} synonym and {constraints.Antonyms.Count} antonym pairs",
            _ => figures
        );
    }

    private static Action<BuildProgress>? Each(IProgress<BuildProgress>? progress) =>
        progress is null ? null : progress.Report;

    private static string Source(string from)
    {
        var store = ModelStore.OfUser();
        var place = File.Exists(from) ? from : store.Locate(from);
        if (Path.Exists(place))
            return place;
        if (KnownModel.TryFind(from) is not null)
            throw store.NotFound(from);
        throw new DataException($"{from}: no such word vector file, model folder or model name");
    }

    /// <summary>Trains a part-of-speech tagger.</summary>
    /// <param name="treebank">CoNLL-U file to train on.</param>
    /// <param name="test">CoNLL-U file to evaluate the tagger on; null: no evaluation.</param>
    /// <param name="options">Training options.</param>
    /// <param name="target">Output.</param>
    /// <param name="progress">Receives progress, or null.</param>
    /// <param name="stop">Cancels; then nothing is written.</param>
    /// <exception cref="RequestException">An option is out of range.</exception>
    /// <exception cref="DataException">A treebank is missing or malformed.</exception>
    /// <exception cref="OutputException">The target exists, or cannot be written.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    public static BuiltResource Tagger(
        string treebank,
        string? test,
        TaggerOptions options,
        BuildTarget target,
        IProgress<BuildProgress>? progress = null,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(treebank);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(target);
        options.Check();
        var kind = ResourceKinds.TryFind("tagger")!;
        Require(kind, target);
        var sentences = ConlluFile.Read(treebank);
        var held = test is null ? null : ConlluFile.Read(test);
        var trained = TaggerTrainer.Train(sentences, options, Each(progress), stop);
        return Put(
            kind,
            target,
            "perceptron_tagger.json.gz",
            (stream, file) => TaggerWriter.Write(trained, stream, file),
            $"trained on {sentences.Count} sentences, {sentences.Sum(s => s.Words.Length)} words, "
                + $"{trained.Classes.Count} tags",
            path =>
            {
                if (held is null)
                    return [];
                var accuracy = TaggerAccuracy.Of(PerceptronTagger.Read(path), held);
                return [("accuracy", accuracy.Share, $"{accuracy.Right} of {accuracy.Words} words")];
            }
        );
    }

    /// <summary>
    /// The embeddings of a BERT's whole words: word pieces with a letter that are neither
    /// continuations nor special tokens in brackets. The mean is subtracted: embeddings share a
    /// direction, which makes nearly all words similar.
    /// </summary>
    /// <exception cref="DataException">The folder is not a BERT, or its vocabulary has no whole
    /// words.</exception>
    internal static WordVectors Embeddings(string folder)
    {
        using var files = BertFiles.Open(folder);
        var pieces = WordPieceTokenizer.Load(folder).Vocabulary.Tokens;
        var width = files.Config.HiddenSize;
        var table = files.Weights.ReadFloats(BertParameters.WordEmbeddings);
        var rows = Enumerable.Range(0, pieces.Count).Where(id => IsWord(pieces[id])).ToArray();
        if (rows.Length == 0)
            throw new DataException($"'{folder}': its vocabulary contains no whole words");
        var numbers = new float[(long)rows.Length * width];
        for (var i = 0; i < rows.Length; i++)
            table.AsSpan(rows[i] * width, width).CopyTo(numbers.AsSpan(i * width));
        Centre(numbers, width);
        return new WordVectors([.. rows.Select(id => pieces[id])], numbers, width);
    }

    private static void Centre(float[] rows, int width)
    {
        var mean = new double[width];
        for (var i = 0; i < rows.Length; i++)
            mean[i % width] += rows[i];
        for (var i = 0; i < rows.Length; i++)
            rows[i] -= (float)(mean[i % width] * width / rows.Length);
    }

    private static bool IsWord(string piece) =>
        !piece.StartsWith(Vocabulary.ContinuationPrefix, StringComparison.Ordinal)
        && !(piece.StartsWith('[') && piece.EndsWith(']'))
        && piece.Any(char.IsLetter);

    private static void Require(ResourceKind kind, BuildTarget target)
    {
        if (target.File is null)
            ResourceImport.RequirePlace(target.Folder, kind, target.Replace);
        else if (!target.Replace && Path.Exists(target.File))
            throw new OutputException($"{target.File}: already exists", new Remedy("replace it", "Replace", "true"));
    }

    // A built resource is read back before it is reported.
    private static BuiltResource Put(
        ResourceKind kind,
        BuildTarget target,
        string name,
        Action<Stream, string> write,
        string made,
        Func<string, IReadOnlyList<(string, double, string)>> measure
    )
    {
        if (target.File is { } file)
        {
            AtomicFile.Write(file, stream => write(stream, file));
            using var models = new AttackModels();
            var content = ResourceContent.Describe(new FoundResource(kind, file), models);
            return new BuiltResource(file, ResourceFolder.Hash(file), content, made, measure(file));
        }
        var folder = Directory.CreateTempSubdirectory("build").FullName;
        try
        {
            var path = Path.Combine(folder, name);
            using (var stream = File.Create(path))
                write(stream, path);
            var taken = ResourceImport.Import(target.Folder, kind, path, target.Replace);
            return new BuiltResource(
                taken.Resource.Path,
                taken.Hash,
                taken.Content,
                made,
                measure(taken.Resource.Path)
            );
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
