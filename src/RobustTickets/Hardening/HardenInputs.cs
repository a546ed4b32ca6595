// Inputs of a comparison, read and validated before any computation: the model, the split rows, the
// attacks with their resources.
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Pipeline.Models;
using RobustTickets.Runs;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Hardening;

/// <summary>The inputs.</summary>
/// <param name="Base">Folder of the checkpoint that defences are trained from.</param>
/// <param name="BaseIsTrained">Whether the checkpoint is already a classifier for these
/// classes.</param>
/// <param name="Own">The given model, if it is a classifier for these classes: the baseline to
/// beat; else null.</param>
/// <param name="IsTicket">Whether the checkpoint is a ticket.</param>
/// <param name="Rows">The split rows.</param>
/// <param name="Attacks">The attacks.</param>
/// <param name="MaxLength">Maximum sequence length of the defences.</param>
/// <param name="Hash">SHA-256 of everything that the result depends on.</param>
/// <param name="Notes">Notes for the user.</param>
/// <param name="MayBeSeen">Whether the given model may have been trained on held-out rows, because
/// its training rows or their texts are unknown.</param>
internal sealed record HardenInputs(
    string Base,
    bool BaseIsTrained,
    HardenModel? Own,
    bool IsTicket,
    HardenRows Rows,
    HardenAttacks Attacks,
    int MaxLength,
    string Hash,
    IReadOnlyList<string> Notes,
    bool MayBeSeen
)
{
    /// <summary>Name of the given model in the result.</summary>
    public const string OwnName = "given";

    /// <summary>
    /// Maximum sequence length of the given model: that of its training, if known; null for its own
    /// maximum.
    /// </summary>
    public int? OwnLength { get; init; }

    private const int LongestText = 256;
    private const int ShortestText = 32;
    private const int SampledTexts = 2000;
    private const double Covered = 0.98;

    /// <summary>Reads the inputs of a request.</summary>
    /// <exception cref="RequestException">The model has another format and no base checkpoint is
    /// given.</exception>
    /// <exception cref="CheckpointException">A model is missing or corrupt.</exception>
    /// <exception cref="DataException">Data or resources are missing or corrupt.</exception>
    public static HardenInputs Open(HardenRequest request, CancellationToken stop)
    {
        var victim = new NamedModel(request.Model);
        var isOther = request.Loader?.Knows(victim.Path) == true;
        if (isOther && request.Base is null)
            throw new RequestException(
                nameof(HardenRequest.Base),
                null,
                $"is missing: {victim.Path} can be attacked but not trained, so name the checkpoint that defences are "
                    + "trained from, such as one imported from it"
            );
        var start = request.Base is { } named ? new NamedModel(named).Path : victim.Path;
        var isTicket = IsTicketAt(start);
        var classes = isOther ? ClassesOf(request.Loader!, victim.Path) : ClassesOf(victim.Path);
        NamedModel[] given = start == victim.Path ? [victim] : [victim, new NamedModel(start)];
        // A checkpoint that is not a classifier has no labelled training rows, unless it has a
        // record of them.
        var seen = given
            .Where(v => v.Training is not null)
            .Aggregate(SeenRows.Nothing, (all, v) => all.And(SeenRowsReader.Read(v, request.DataOptions, stop)));
        var rows = HardenRows.Load(request, classes, seen, stop);
        var notes = rows.Notes.ToList();
        var own = OwnOf(victim, classes, rows.Labels, notes);
        var isTrained = ClassesOf(start)?.Count == rows.Labels.Count;
        var untold = (own is not null && victim.Training is null) || (isTrained && given[^1].Training is null);
        var mayBeSeen = untold || !rows.AreKnown;
        if (mayBeSeen)
            notes.Add(
                "the model may have been trained on these rows: "
                    + (
                        untold
                            ? "its training rows are unknown"
                            : "its training data are missing or have changed, and its folder does not "
                                + "list their texts"
                    )
                    + "; its own figures may be too high"
            );
        var attacks = HardenAttacks.Choose(request.Attacks, (request.Resources ?? new Attacks.ResourceFiles()).Has);
        notes.AddRange(attacks.Notes);
        if (request.Running.RoundsFactors)
            notes.Add("matrix products in bf16, weights and sums in float32: what this machine computes fastest");
        var hash = HardenFolder.Hash([
            NamedModel.Hash(victim.Path),
            .. start == victim.Path ? Array.Empty<string>() : [NamedModel.Hash(start)],
            request.Running.OfResults,
            string.Join(' ', attacks.Names),
            request.CleanLoss == HardenSelection.MostLost
                ? request.Goal.ToString()
                : string.Create(CultureInfo.InvariantCulture, $"{request.Goal} {request.CleanLoss}"),
            string.Join('\n', rows.Labels),
            .. new[] { rows.Train, rows.Development, rows.Reported }.SelectMany(part =>
                part.Select(e => HardenFolder.Line(e, rows.Labels)).Append("")
            ),
        ]);
        var length = Length(start, rows.Train, notes);
        return new HardenInputs(start, isTrained, own, isTicket, rows, attacks, length, hash, notes, mayBeSeen)
        {
            OwnLength = victim.TrainedLength,
        };
    }

    /// <summary>SHA-256 of the dictionaries that defences train on.</summary>
    /// <exception cref="DataException">A dictionary is missing or malformed.</exception>
    public string TrainingFiles(HardenRequest request)
    {
        var (neighbours, wordNet, typingErrors) = Attacks.Dictionaries;
        var (parts, _, nltk) = (request.Resources ?? new ResourceFiles()).ForTraining("harden", neighbours, wordNet);
        return HardenFolder.Hash([
            $"typing errors {typingErrors}",
            .. parts.Files.Append(nltk).Select(f => $"{f.Kind} {f.Sha256}"),
        ]);
    }

    private static bool IsTicketAt(string model)
    {
        using var files = BertFiles.OpenBase(model);
        return files.Config.Ticket is not null;
    }

    private static IReadOnlyList<string>? ClassesOf(string model)
    {
        try
        {
            using var classifier = BertFiles.OpenClassifier(model);
            return classifier.Config.Labels;
        }
        catch (CheckpointException)
        {
            return null;
        }
    }

    private static IReadOnlyList<string> ClassesOf(IModelLoader loader, string model)
    {
        using var classifier = loader.LoadClassifier(model, null, null)!;
        return classifier.Labels;
    }

    private static HardenModel? OwnOf(
        NamedModel victim,
        IReadOnlyList<string>? classes,
        IReadOnlyList<string> labels,
        List<string> notes
    )
    {
        if (classes is null || classes.Count != labels.Count)
        {
            if (classes is not null)
                notes.Add(
                    $"the model's classifier has {classes.Count} classes, the data {labels.Count}: it is used "
                        + "as a base checkpoint only"
                );
            return null;
        }
        var place = labels
            .Select(l => classes.ToList().FindIndex(c => c.Equals(l, StringComparison.OrdinalIgnoreCase)))
            .ToArray();
        if (place.Contains(-1))
        {
            notes.Add(
                $"the model names its classes {string.Join(", ", classes)}; they are mapped to "
                    + $"{string.Join(", ", labels)} in "
                    + "this order"
            );
            return new HardenModel(OwnName, victim.Path);
        }
        return new HardenModel(OwnName, victim.Path, place.Order().SequenceEqual(place) ? null : place);
    }

    // A maximum length that covers nearly all texts, rounded up to a multiple of 16.
    private static int Length(string model, IReadOnlyList<Example> train, List<string> notes)
    {
        var tokenizer = WordPieceTokenizer.Load(model);
        var sample = train.Take(SampledTexts).ToArray();
        var unknown = sample.Aggregate(default(UnknownPieces), (sum, e) => sum + UnknownPieces.Of(tokenizer, e.Text));
        if (unknown.Note(model, "training rows") is { } note)
            notes.Add(note);
        var lengths = sample.Select(e => tokenizer.Encode(e.Text, LongestText + 1).Ids.Length).Order().ToArray();
        var length = lengths[(int)(Covered * (lengths.Length - 1))];
        var most = Math.Min(tokenizer.ModelMaxLength, Math.Clamp((length + 15) / 16 * 16, ShortestText, LongestText));
        var cut = lengths.Count(l => l > most) / (double)lengths.Length;
        if (cut > 1 - Covered)
            notes.Add(
                Text($"{100 * cut:0} % of the training rows are longer than {most} word pieces; defences read the ")
                    + "beginning, a given classifier as much as it reads elsewhere"
            );
        return most;
    }
}
