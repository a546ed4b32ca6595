// The teacher named by a recipe: checked before any compute, loaded by the stage that uses it. Its
// hash is part of the run's input fingerprint.
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Pipeline.Data;
using RobustTickets.Pipeline.Models;
using RobustTickets.Training;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Pipeline.Checks;

/// <summary>A teacher's model folder.</summary>
/// <param name="Path">The folder.</param>
/// <param name="Hash">SHA-256 of its files.</param>
/// <param name="Classes">Its classes in the data's order.</param>
internal sealed record TeacherFolder(string Path, string Hash, ClassOrder Classes)
{
    private const string Field = "retrain.distill.teacher";

    /// <summary>Checks the teacher of a recipe; null if it names none.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="run">Run folder; the teacher's path may be relative to its parent.</param>
    /// <param name="student">Tokenizer of the checkpoint.</param>
    /// <param name="data">Data with the classes of the task.</param>
    /// <exception cref="CheckpointException">The teacher is missing, has other classes or another
    /// vocabulary, or cannot read the run's texts.</exception>
    public static TeacherFolder? Of(Recipe recipe, string run, WordPieceTokenizer student, RunData data)
    {
        if (recipe.Retrain.Distill is not { } distill)
            return null;
        var folder = Find(distill, run);
        using var files = BertFiles.OpenBase(folder);
        var head = BertParameters.Weight(BertParameters.Classifier);
        var classes = files.Weights.Contains(head) ? files.Weights.Info(head).Shape[0] : 0;
        var labels = data.Labels;
        if (classes != labels.Count)
            throw new CheckpointException(
                $"{Field}: {folder} "
                    + (classes == 0 ? "has no classifier" : $"has {classes} classes, the task {labels.Count}")
                    + "; the teacher must be a classifier trained on the same task"
            );
        var order = ClassOrder.Of(files, labels);
        if (order.Conflict)
            throw new CheckpointException(
                $"{Field}: {folder} has the classes {string.Join(", ", files.Config.Labels)}, the task "
                    + $"{string.Join(", ", labels)}: a class of the same name has another place; the teacher must have "
                    + "the same class names, in any order (id2label in its config.json)"
            );
        if (!WordPieceTokenizer.Load(folder).Vocabulary.Tokens.SequenceEqual(student.Vocabulary.Tokens))
            throw new CheckpointException(
                $"{Field}: {folder} has a different vocabulary from the checkpoint; both must use the "
                    + "same word pieces"
            );
        var positions = files.Config.MaxPositionEmbeddings;
        if (recipe.MaxLength > positions)
            throw new CheckpointException(
                Text(
                    $"{Field}: {folder} has {positions} positions (max_position_embeddings), fewer than the ",
                    $"max-length of {recipe.MaxLength}; use a teacher with more positions, or a max-length of at most ",
                    $"{positions}"
                )
            );
        TokenTypes.Require(files.Config, data, $"{Field}: {folder}");
        return new TeacherFolder(folder, NamedModel.Hash(folder), order);
    }

    /// <summary>SHA-256 of the files of a recipe's teacher; null if it names none.</summary>
    /// <inheritdoc cref="Of"/>
    public static string? HashOf(Recipe recipe, string run) =>
        recipe.Retrain.Distill is { } distill ? NamedModel.Hash(Find(distill, run)) : null;

    /// <summary>Loads the teacher.</summary>
    public Teacher Load(DistillOptions options, RunSession session) =>
        new(
            BertFiles.LoadClassifier(Path, session.Data.Labels.Count, session.HeadKey, session.Execution, Classes.Rows),
            options
        );

    private static string Find(DistillOptions distill, string run)
    {
        var folder = new NamedModel(TicketReference.Find(distill.Teacher, run, Field)).Path;
        return Directory.Exists(folder)
            ? folder
            : throw new CheckpointException($"{Field}: no folder \"{distill.Teacher}\"");
    }
}
