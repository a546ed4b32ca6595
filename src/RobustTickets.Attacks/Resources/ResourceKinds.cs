// The resource kinds of attacks: file names, purpose, fallback and origin. Licence and origin are
// those of the file used by the published attacks; another file of the same kind has its own.
namespace RobustTickets.Attacks.Resources;

/// <summary>A published file.</summary>
/// <param name="Name">File name; for a file in an archive, its name there.</param>
/// <param name="Address">URL.</param>
/// <param name="Bytes">Size in bytes; null if not recorded.</param>
/// <param name="Sha256">SHA-256 in lower-case hex; null if not recorded.</param>
internal sealed record PublishedFile(string Name, string Address, long? Bytes = null, string? Sha256 = null);

/// <summary>A kind of resource.</summary>
/// <param name="Kind">Name of the kind.</param>
/// <param name="Files">File or folder names searched for in the resource folder, in order.</param>
/// <param name="Purpose">What it is for.</param>
/// <param name="Without">The fallback, or the recipe that works without it.</param>
/// <param name="Origin">Origin of the published file.</param>
/// <param name="Licence">Licence, if its authors state one.</param>
/// <param name="IsFolder">Whether the resource is a folder of files.</param>
/// <param name="Elsewhere">System locations searched after the resource folder.</param>
public sealed record ResourceKind(
    string Kind,
    IReadOnlyList<string> Files,
    string Purpose,
    string Without,
    string Origin,
    string Licence,
    bool IsFolder = false,
    IReadOnlyList<string>? Elsewhere = null
)
{
    /// <summary>How to run attacks without it; null if impossible.</summary>
    internal Remedy? Instead { get; init; }

    /// <summary>The published files that can be used unchanged; any one is enough.</summary>
    internal IReadOnlyList<PublishedFile> Published { get; init; } = [];
}

/// <summary>The resource kinds.</summary>
public static class ResourceKinds
{
    internal const string WordVectors = "word-vectors",
        Neighbours = "neighbours",
        StopWords = "stop-words",
        NltkStopWords = "nltk-stop-words",
        Tagger = "tagger",
        TagMap = "tag-map",
        WordNet = "wordnet",
        SentenceEncoder = "sentence-encoder",
        MaskedLM = "masked-lm";

    private const string Nltk = "https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/packages";

    /// <summary>All kinds, in the order attacks use them.</summary>
    public static IReadOnlyList<ResourceKind> All { get; } =
    [
        new(
            WordVectors,
            [.. Names("counter-fitted-vectors", ".txt", ".bin"), .. Names("word-vectors", ".txt", ".bin")],
            "neighbours of words and cosines of substitutes, for textfooler, textbugger and bert-attack-released",
            "a neighbour table provides substitutes without cosines; deepwordbug needs none, pwws uses WordNet, "
                + "bert-attack and bae use a masked language model",
            "counter-fitted-vectors.txt of Mrkšić et al. 2016, github.com/nmrksic/counter-fitting, or 'resources build "
                + "word-vectors'",
            "Apache-2.0"
        )
        {
            Published =
            [
                new(
                    "counter-fitted-vectors.txt.zip",
                    "https://github.com/nmrksic/counter-fitting/raw/master/word_vectors/"
                        + "counter-fitted-vectors.txt.zip"
                ),
            ],
        },
        new(
            Neighbours,
            Names("neighbours", ".json", ".tsv"),
            "stored table word -> substitutes, used instead of neighbours computed from word vectors",
            "neighbours are computed from the word vectors",
            "such as counterfitted_neighbors.json of Jia et al. 2019, github.com/robinjia/certified-word-sub",
            "MIT"
        )
        {
            Published =
            [
                new(
                    "counterfitted_neighbors.json",
                    "https://github.com/robinjia/certified-word-sub/raw/master/data/counterfitted_neighbors.json",
                    1976448,
                    "103247143f39bd5dd66850f3a912393392641dbd98093c61e2b24a4cc8a96fb0"
                ),
            ],
        },
        new(
            StopWords,
            Names("stop-words", ".txt"),
            "words that textfooler does not change, one per line (its list has 266)",
            "a built-in list of English function words, named in the summary",
            "recipe textfooler_jin_2019 of TextAttack, github.com/QData/TextAttack",
            "MIT"
        )
        {
            Published =
            [
                new(
                    "STOPWORDS in textfooler_jin_2019.py",
                    "https://github.com/QData/TextAttack/blob/master/textattack/attack_recipes/textfooler_jin_2019.py"
                ),
            ],
        },
        new(
            NltkStopWords,
            Names("nltk-stop-words", ".txt"),
            "words that the other recipes do not change, one per line (NLTK's English list of 2022 has 179)",
            "a built-in list of English function words, named in the summary",
            "corpora/stopwords of nltk_data, github.com/nltk/nltk_data",
            "not stated; a list from public sources"
        )
        {
            Published =
            [
                new(
                    "english",
                    $"{Nltk}/corpora/stopwords.zip",
                    936,
                    "019f104ba2ed07436d05f9cdd3383034ad66014edc27fc651f837e1a038b6451"
                ),
            ],
        },
        new(
            Tagger,
            [.. Names("perceptron_tagger", ".json"), .. Names("tagger", ".json")],
            "averaged perceptron part-of-speech weights, for textfooler, bert-attack-released and bae",
            "textbugger, bert-attack, pwws and deepwordbug do not compare parts of speech",
            "taggers/averaged_perceptron_tagger.zip or averaged_perceptron_tagger_eng.zip of nltk_data, "
                + "github.com/nltk/nltk_data, or 'resources build tagger'",
            "not stated; the code in NLTK is Apache-2.0"
        )
        {
            Instead = new("other recipes can run without this constraint", nameof(AttackOptions.PartOfSpeech), "false"),
            Published =
            [
                new(
                    "averaged_perceptron_tagger.zip",
                    $"{Nltk}/taggers/averaged_perceptron_tagger.zip",
                    2526731,
                    "e1f13cf2532daadfd6f3bc481a49859f0b8ea6432ccdcd83e6a49a5f19008de9"
                ),
                new(
                    "averaged_perceptron_tagger_eng.zip",
                    $"{Nltk}/taggers/averaged_perceptron_tagger_eng.zip",
                    1539115,
                    "6025f530624335c67d6547d44757b357b4e79bae030a0383e9887a92c1718f0b"
                ),
            ],
        },
        new(
            TagMap,
            ["en-ptb.map", "tag-map.map"],
            "Penn Treebank tags to universal tags",
            "the built-in map",
            "taggers/universal_tagset.zip of nltk_data, github.com/nltk/nltk_data (Petrov, Das, McDonald 2012)",
            "CC-BY-SA-4.0"
        )
        {
            Published =
            [
                new(
                    "universal_tagset.zip",
                    $"{Nltk}/taggers/universal_tagset.zip",
                    19095,
                    "d490e1ae8f5625dcdfdda04be15c22a2aade8c2561a36a61edcdf0c7d6aa8352"
                ),
            ],
        },
        new(
            WordNet,
            ["wordnet"],
            "WordNet 3.0 dict folder (data.noun, index.noun, noun.exc ...), for pwws",
            "every recipe except pwws",
            "Debian package wordnet-base, wordnet.princeton.edu, or corpora/wordnet.zip of nltk_data",
            "WordNet licence",
            IsFolder: true,
            Elsewhere: ["/usr/share/wordnet"]
        )
        {
            Published =
            [
                new(
                    "wordnet.zip",
                    $"{Nltk}/corpora/wordnet.zip",
                    10775600,
                    "cbda5ea6eef7f36a97a43d4a75f85e07fccbb4f23657d27b4ccbc93e2646ab59"
                ),
            ],
        },
        new(
            SentenceEncoder,
            ["sentence-encoder"],
            "Hugging Face BERT folder whose mean-pooled last layer measures sentence similarity (in place of "
                + "the Universal Sentence Encoder)",
            "the checkpoint that the victim was trained from; pwws and deepwordbug need none",
            "any sentence-transformers BERT model",
            "the model's own",
            IsFolder: true
        )
        {
            Instead = new("other recipes can run without this constraint", nameof(AttackOptions.Similarity), "false"),
            Published = [new("all-MiniLM-L6-v2", "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2")],
        },
        new(
            MaskedLM,
            ["masked-lm"],
            "Hugging Face BERT folder with a masked-language-model head, for bert-attack and bae",
            "bert-attack-released is what the papers' scripts ran under that name, and needs none",
            "bert-base-uncased, huggingface.co/google-bert/bert-base-uncased",
            "Apache-2.0",
            IsFolder: true
        )
        {
            Published = [new("bert-base-uncased", "https://huggingface.co/google-bert/bert-base-uncased")],
        },
    ];

    /// <summary>
    /// Gets a kind by name, or by its field name in <see cref="ResourceFiles.Names"/>; null if
    /// unknown.
    /// </summary>
    public static ResourceKind? TryFind(string name) =>
        All.FirstOrDefault(k => k.Kind == name)
        ?? (ResourceField.TryFind(name) is { Kind: var kind } ? All.First(k => k.Kind == kind) : null);

    private static IReadOnlyList<string> Names(string stem, params string[] extensions) =>
        [.. extensions.SelectMany(e => new[] { stem + e, stem + e + ".gz" })];
}
