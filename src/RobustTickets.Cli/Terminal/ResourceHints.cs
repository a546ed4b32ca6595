// Hints about resources and models that are missing: what works without them, and the command that
// gets them.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Resources;
using RobustTickets.Cli.Options;

namespace RobustTickets.Cli.Terminal;

/// <summary>Hints about missing resources and models.</summary>
internal static class ResourceHints
{
    /// <summary>Alternatives that work without a kind of resource.</summary>
    public static string Without(ResourceKind kind) =>
        kind.Instead is { } remedy ? $"{kind.Without}; {FieldOptions.Spell(remedy)}" : kind.Without;

    /// <summary>A hint for an exception about something missing, or null.</summary>
    public static string? Of(Exception e) =>
        e switch
        {
            ModelNotFoundException { Known: { } known } => $"{ProgramName.Value} models get {known.Name}",
            DataException { InnerException: ModelNotFoundException { Known: { } known } } =>
                $"{ProgramName.Value} models get {known.Name}",
            MissingResourceException missing => Import(missing.Kind),
            // One without a remedy is refused where it is given.
            RequestException { Field: nameof(ResourceFiles.Encoder), Value: null } and IRemedied { Remedy: not null } =>
                Import(ResourceKinds.TryFind(ResourceKinds.SentenceEncoder)!),
            _ => null,
        };

    private static string Import(ResourceKind kind) =>
        $"import one with: {ProgramName.Value} resources import {kind.Kind} {(kind.IsFolder ? "DIR" : "FILE")}";
}
