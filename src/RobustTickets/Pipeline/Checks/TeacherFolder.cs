// The teacher named by a recipe: checked before any compute, loaded by the stage that uses it. Its
// hash is part of the run's input fingerprint.
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Training;

namespace RobustTickets.Pipeline.Checks;

/// <summary>A teacher's model folder.</summary>
/// <param name="Path">The folder.</param>
/// <param name="Hash">SHA-256 of its files.</param>
internal sealed record TeacherFolder(string Path, string Hash)
{
    /// <summary>Checks the teacher of a recipe; null if it names none.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="run">Run folder; the teacher's path may be relative to its parent.</param>
    /// <param name="student">Tokenizer of the checkpoint.</param>
    /// <param name="labels">Number of classes of the task.</param>
    /// <exception cref="CheckpointException">The teacher is missing, or has other classes or
    /// another vocabulary.</exception>
    public static TeacherFolder? Of(Recipe recipe, string run, WordPieceTokenizer student, int labels)
    {
        if (recipe.Retrain.Distill is not { } distill)
            return null;
        var folder = Find(distill, run);
        using var files = BertFiles.OpenBase(folder);
        var head = BertParameters.Weight(BertParameters.Classifier);
        var classes = files.Weights.Contains(head) ? files.Weights.Info(head).Shape[0] : 0;
        if (classes != labels)
            throw new CheckpointException(
                $"retrain.distill.teacher: {folder} "
                    + (classes == 0 ? "has no classifier" : $"has {classes} classes, the task {labels}")
                    + "; the teacher must be a classifier trained on the same task"
            );
        if (!WordPieceTokenizer.Load(folder).Vocabulary.Tokens.SequenceEqual(student.Vocabulary.Tokens))
            throw new CheckpointException(
                $"retrain.distill.teacher: {folder} has a different vocabulary from the checkpoint; both must use the "
                    + "same word pieces"
            );
        return new TeacherFolder(folder, VictimFolder.Hash(folder));
    }

    /// <summary>SHA-256 of the files of a recipe's teacher; null if it names none.</summary>
    /// <inheritdoc cref="Of"/>
    public static string? HashOf(Recipe recipe, string run) =>
        recipe.Retrain.Distill is { } distill ? VictimFolder.Hash(Find(distill, run)) : null;

    /// <summary>Loads the teacher.</summary>
    public Teacher Load(DistillOptions options, RunSession session) =>
        new(BertFiles.LoadClassifier(Path, session.Data.Labels.Count, session.HeadKey, session.Execution), options);

    private static string Find(DistillOptions distill, string run)
    {
        var folder = new VictimFolder(TicketReference.Find(distill.Teacher, run, "retrain.distill.teacher")).Path;
        return Directory.Exists(folder)
            ? folder
            : throw new CheckpointException($"retrain.distill.teacher: no folder \"{distill.Teacher}\"");
    }
}
