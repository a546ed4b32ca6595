// Builds the attack of a recipe's evaluate.epoch-attack. The training recipe defines attack and
// constraints; the locations of its files are given separately, so that a recipe has the same
// meaning on every machine.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Resources;
using RobustTickets.Pipeline;
using RobustTickets.Pipeline.Models;

namespace RobustTickets;

/// <summary>Checks and builds the attack after each epoch.</summary>
public sealed class EpochAttackSource : IDisposable
{
    private const string At = "evaluate.epoch-attack";

    private readonly AttackRecipe _recipe;
    private readonly AttackModels _models;
    private EpochAttack? _attack;

    /// <param name="options">The recipe's options.</param>
    /// <param name="resources">Source of the resources.</param>
    /// <param name="model">The checkpoint that the run starts from: the sentence encoder when none
    /// is named or in the resource folder.</param>
    /// <exception cref="RecipeException">The attack recipe is unknown.</exception>
    public EpochAttackSource(EpochAttackOptions options, AttackResources resources, string model)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (UnknownName(options) is { } problem)
            throw new RecipeException(problem);
        _recipe = RecipeOf(options) with { Resources = resources };
        _models = new AttackModels(model);
    }

    /// <summary>The error for an unknown attack name, or null if it is known.</summary>
    public static string? UnknownName(EpochAttackOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return AttackRecipe.TryFind(options.Recipe) is not null
            ? null
            : $"{At}.recipe: unknown \"{options.Recipe}\"; possible: "
                + string.Join(", ", AttackRecipe.All.Select(r => r.Name));
    }

    /// <summary>Names of the files that the attack uses; empty for an unknown one.</summary>
    public static IReadOnlyList<string> FileNames(EpochAttackOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return UnknownName(options) is null ? RecipeOf(options).FileNames : [];
    }

    /// <summary>
    /// Creates a source from named files, see <see cref="ResourceFiles.Named"/>; files that the
    /// attack does not use are ignored.
    /// </summary>
    /// <inheritdoc cref="EpochAttackSource(EpochAttackOptions, AttackResources, string)"/>
    public static EpochAttackSource Named(
        EpochAttackOptions options,
        IReadOnlyDictionary<string, string> places,
        string model
    )
    {
        var taken = FileNames(options);
        return new EpochAttackSource(
            options,
            ResourceFiles.Named(places.Where(p => taken.Contains(p.Key)).ToDictionary()),
            model
        );
    }

    /// <summary>Checks every file without loading a model.</summary>
    /// <exception cref="RecipeException">An option is not valid for the attack.</exception>
    /// <exception cref="DataException">A resource is missing or malformed.</exception>
    public void Check() =>
        Within(() =>
        {
            _recipe.Check(_models);
            return true;
        });

    /// <summary>Builds the attack, once. Loads libtorch if it needs a model.</summary>
    /// <inheritdoc cref="Check"/>
    public EpochAttack Build() =>
        _attack ??= Within(() =>
        {
            var attack = _recipe.Build(_models);
            RecipeLine[] facts = _recipe.EncoderFolder(_models) is { } folder
                ?
                [
                    new(
                        "sentence encoder",
                        $"sha256 {NamedModel.Hash(folder)}",
                        "configuration, tokenizer and weight files"
                    ),
                ]
                : [];
            return new EpochAttack(attack, facts, new AttackEngineOptions(InOrder: false));
        });

    /// <summary>Releases the models of the attack.</summary>
    public void Dispose() => _models.Dispose();

    private static AttackRecipe RecipeOf(EpochAttackOptions options) =>
        AttackRecipe.Find(options.Recipe) with
        {
            Options = new AttackOptions(
                Similarity: options.Similarity,
                SimilarityThreshold: options.SimilarityThreshold,
                PartOfSpeech: options.PartOfSpeech,
                QueryBudget: options.QueryBudget,
                Randomness: new StreamPerExample((uint)options.Seed)
            ),
        };

    private static T Within<T>(Func<T> build)
    {
        try
        {
            return build();
        }
        catch (MissingResourceException e)
        {
            throw e.Within(At);
        }
        catch (DataException e)
        {
            throw e.Within(At);
        }
        catch (RequestException e)
        {
            throw new RecipeException($"{At}: {e.Message}");
        }
    }
}
