// Loads the substitute tables for a recipe's augment fields: from the request's files, from the
// user's resource folder, or from the checkpoint's embeddings. Loaded before any compute.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Augmentation;
using RobustTickets.Pipeline.Data;

namespace RobustTickets.Pipeline;

/// <summary>Loads the tables of substitute words for training.</summary>
internal static class AugmentTables
{
    /// <summary>
    /// The augment fields of a recipe with their paths, in the order of its stages.
    /// </summary>
    internal static IEnumerable<(string Path, AugmentOptions Options)> Of(Recipe recipe)
    {
        var search = recipe.Search switch
        {
            SlimmingSearchOptions s => s.Augment,
            MagnitudeSearchOptions m => m.Augment,
            MaskSearchOptions m => m.Augment,
            _ => null,
        };
        if (recipe.Search is MaskSearchOptions { FineTune.Augment: { } first })
            yield return ("search.fine-tune.augment", first);
        if (search is not null)
            yield return ("search.augment", search);
        if (recipe.Retrain.Augment is { } retrain)
            yield return ("retrain.augment", retrain);
    }

    /// <summary>
    /// Names of the files used by a recipe's augment fields and hull objectives, as in
    /// <see cref="ResourceFiles.Named"/>; empty if texts are not changed.
    /// </summary>
    /// <param name="recipe">The recipe.</param>
    public static IReadOnlyList<string> FileNames(Recipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        AugmentOptions[] all = [.. Of(recipe).Select(a => a.Options)];
        var hulls = HullTables.Of(recipe).Any();
        return
        [
            .. hulls || all.Any(a => a.NeighbourRate > 0) ? ["vectors", "neighbours"] : Array.Empty<string>(),
            .. all.Any(a => a.WordnetRate > 0) ? ["wordnet"] : Array.Empty<string>(),
            .. hulls || all.Length > 0 ? ["stop-words"] : Array.Empty<string>(),
        ];
    }

    /// <summary>
    /// Creates resource files from a map of names to paths, restricted to those that the recipe's
    /// augment fields use.
    /// </summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="places">Paths by name, see <see cref="ResourceFiles.Names"/>.</param>
    public static ResourceFiles Named(Recipe recipe, IReadOnlyDictionary<string, string> places)
    {
        var taken = FileNames(recipe);
        return ResourceFiles.Named(places.Where(p => taken.Contains(p.Key)).ToDictionary());
    }

    /// <summary>Reads the tables of a recipe; null if texts are not changed.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="files">Resource files; null: the user's resource folder.</param>
    /// <param name="model">The checkpoint, for its embeddings.</param>
    /// <exception cref="DataException">A resource is missing or malformed; the message names the
    /// field.</exception>
    internal static SubstituteSources? Load(Recipe recipe, ResourceFiles? files, string model)
    {
        (string Path, AugmentOptions Options)[] all = [.. Of(recipe)];
        string[] hulls = [.. HullTables.Of(recipe)];
        if (all.Length + hulls.Length == 0)
            return null;
        var resources = files ?? new ResourceFiles();
        // Each table is read for the first field that needs it; stop words for the first of all.
        var (neighbours, wordNet, embeddings) = (
            First(a => a.NeighbourRate) ?? hulls.FirstOrDefault(),
            First(a => a.WordnetRate),
            First(a => a.EmbeddingRate)
        );
        var (parts, nltk, nltkInfo) = Within(
            neighbours ?? (all.Length > 0 ? all[0].Path : hulls[0]),
            () => resources.ForTraining("online substitution", neighbours: neighbours is not null, wordNet: false)
        );
        var synonyms = wordNet is null ? null : Within(wordNet, resources.WordNetForTraining);
        var vectors = embeddings is null
            ? null
            : Within(embeddings, () => new VectorNeighbours(ResourceBuild.Embeddings(model)));
        return new SubstituteSources(
            parts.Neighbours,
            synonyms,
            vectors,
            parts.StopWords,
            nltk,
            synonyms is null ? [.. parts.Files, nltkInfo] : [.. parts.Files, synonyms.Info, nltkInfo]
        );

        string? First(Func<AugmentOptions, double> rate) =>
            all.Where(a => rate(a.Options) > 0).Select(a => a.Path).FirstOrDefault();
    }

    private static T Within<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (MissingResourceException e)
        {
            throw e.Within(path);
        }
        catch (DataException e)
        {
            throw e.Within(path);
        }
    }
}
