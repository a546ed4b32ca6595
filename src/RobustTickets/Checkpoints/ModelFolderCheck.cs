// Checks of a model folder before use: the tokenizer's ids fit the embeddings, and the head is the
// one that the model code computes.
using RobustTickets.Attacks.Tokens;
using RobustTickets.Models;

namespace RobustTickets.Checkpoints;

/// <summary>Checks of a model folder by the commands and the library.</summary>
internal static class ModelFolderCheck
{
    private const string SingleLabel = "single_label_classification";
    private const string OfTexts = "ForSequenceClassification";

    // Heads of transformers whose 'classifier' has other outputs than one score a class and text.
    private static readonly string[] OtherHeads =
    [
        "ForTokenClassification",
        "ForMultipleChoice",
        "ForQuestionAnswering",
        "ForNextSentencePrediction",
    ];

    /// <summary>Throws if the tokenizer has ids beyond the word embeddings.</summary>
    /// <exception cref="CheckpointException">It has; both numbers named.</exception>
    public static void RequireVocabulary(HuggingFaceFolder files)
    {
        var text = Path.Combine(files.Path, "vocab.txt");
        var json = Path.Combine(files.Path, "tokenizer.json");
        // A missing tokenizer is reported when it is loaded.
        if (!File.Exists(text) && !File.Exists(json))
            return;
        var vocabulary = WordPieceTokenizer.Load(files.Path).Vocabulary;
        var rows = files.Weights.Info(BertParameters.WordEmbeddings).Shape[0];
        if (vocabulary.Count <= rows)
            return;
        var place = File.Exists(text) ? text : json;
        throw new CheckpointException(
            $"{place}: has {vocabulary.Count} tokens, {files.Weights.Location} has {rows} word embeddings: the token "
                + $"'{vocabulary[(int)rows]}' (id {rows}) and those after it have none; replace it with the "
                + "vocabulary the model was trained with, or, if tokens were added, resize the embeddings "
                + $"(model.resize_token_embeddings({vocabulary.Count}) in transformers) and save the model again"
        );
    }

    /// <summary>
    /// Throws if a stored classifier is not single-label, or not one of texts: its outputs would be
    /// misread.
    /// </summary>
    /// <exception cref="CheckpointException">It is a regression, multi-label, has fewer than two
    /// classes, or <c>architectures</c> names another head.</exception>
    public static void RequireSingleLabel(HuggingFaceFolder files)
    {
        if (!files.Weights.Contains(BertParameters.Weight(BertParameters.Classifier)))
            return;
        RequireClassifierOfTexts(files);
        var place = Path.Combine(files.Path, "config.json");
        if (files.Config.NumLabels < 2)
        {
            throw new CheckpointException(
                $"{place}: the classifier has {files.Config.NumLabels} output ('id2label': "
                    + $"{string.Join(", ", files.Config.Labels)}), a regression or a single logit; a classifier has at "
                    + "least 2 classes"
            );
        }
        if (files.Config.ProblemType is { } problem and not SingleLabel)
        {
            throw new CheckpointException(
                $"{place}: 'problem_type' is '{problem}'; this program supports single-label classifiers "
                    + $"('{SingleLabel}', or no such field), whose scores are a softmax over the classes"
            );
        }
    }

    /// <summary>Throws if a folder has no trained classifier of texts.</summary>
    /// <exception cref="CheckpointException">A tensor of pooler or classifier is missing, or
    /// <c>architectures</c> names another head.</exception>
    public static void RequireClassifier(HuggingFaceFolder files)
    {
        RequireClassifierOfTexts(files);
        foreach (
            var name in (string[])
                [
                    BertParameters.Weight(BertParameters.Classifier),
                    BertParameters.Bias(BertParameters.Classifier),
                    BertParameters.Weight(BertParameters.Pooler),
                    BertParameters.Bias(BertParameters.Pooler),
                ]
        )
        {
            if (!files.Weights.Contains(name))
                throw new CheckpointException(
                    $"{files.Path}: holds no '{name}', so it is not a trained classifier; train one that starts from it"
                );
        }
    }

    /// <summary>
    /// Throws if the output matrix of a masked language model is not its word embeddings, with
    /// which this program computes its scores.
    /// </summary>
    /// <exception cref="CheckpointException">The configuration does not tie them, and the file has
    /// another output matrix.</exception>
    public static void RequireTiedDecoder(HuggingFaceFolder files)
    {
        // A copy of the word embeddings is left out on opening.
        if (files.Config.TieWordEmbeddings || !files.Weights.Contains(BertParameters.TiedDecoder))
            return;
        throw new CheckpointException(
            $"{Path.Combine(files.Path, "config.json")}: 'tie_word_embeddings' is false, and "
                + $"{files.Weights.Location} holds '{BertParameters.TiedDecoder}' other than the word embeddings; only "
                + "masked language models whose output matrix is the word embeddings are supported"
        );
    }

    private static void RequireClassifierOfTexts(HuggingFaceFolder files)
    {
        var named = files.Config.Architectures;
        if (named.Any(name => name.EndsWith(OfTexts, StringComparison.Ordinal)))
            return;
        if (
            named.FirstOrDefault(name => OtherHeads.Any(head => name.EndsWith(head, StringComparison.Ordinal))) is
            { } other
        )
        {
            throw new CheckpointException(
                $"{Path.Combine(files.Path, "config.json")}: 'architectures' names '{other}', so its classifier does "
                    + $"not classify texts; expected a model {OfTexts}, such as 'Bert{OfTexts}', an encoder without a "
                    + "classifier, or no such field"
            );
        }
    }

    /// <summary><c>problem_type</c> of a classifier trained by this program.</summary>
    public static string? ProblemTypeAfterTraining(string? before) => before == SingleLabel ? before : null;
}
