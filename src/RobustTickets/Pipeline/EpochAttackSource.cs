// The attack of a recipe's evaluate.epoch-attack from the registry of attack recipes. The training
// recipe says which attack and how strict; where its files lie is said beside it, so that the
// recipe means the same everywhere.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Resources;
using RobustTickets.Pipeline;

namespace RobustTickets;

/// <summary>Checks and builds the attack after each epoch.</summary>
public sealed class EpochAttackSource : IDisposable
{
    private const string At = "evaluate.epoch-attack";

    private readonly AttackRecipe _recipe;
    private readonly AttackModels _models;
    private EpochAttack? _attack;

    /// <param name="options">What the recipe asks for.</param>
    /// <param name="resources">Where resources lie.</param>
    /// <param name="model">The checkpoint that the run starts from: the sentence encoder when none
    /// is named or in the resource folder.</param>
    /// <exception cref="RecipeException">There is no such attack recipe.</exception>
    public EpochAttackSource(EpochAttackOptions options, AttackResources resources, string model)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (UnknownName(options) is { } problem)
            throw new RecipeException(problem);
        _recipe = RecipeOf(options) with { Resources = resources };
        _models = new AttackModels(model);
    }

    /// <summary>
    /// What is wrong with the name of the attack, or null where there is one of this name.
    /// </summary>
    public static string? UnknownName(EpochAttackOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return AttackRecipe.TryFind(options.Recipe) is not null
            ? null
            : $"{At}.recipe: unknown \"{options.Recipe}\"; possible: "
                + string.Join(", ", AttackRecipe.All.Select(r => r.Name));
    }

    /// <summary>Names of the files that an attack takes; none for an unknown one.</summary>
    public static IReadOnlyList<string> FileNames(EpochAttackOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return UnknownName(options) is null ? RecipeOf(options).FileNames : [];
    }

    /// <summary>
    /// The source of an attack whose files are named, see <see cref="ResourceFiles.Named"/>; files
    /// that the attack does not take are left alone.
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

    /// <summary>Looks at every file without loading a model.</summary>
    /// <exception cref="RecipeException">An option does not go with the attack.</exception>
    /// <exception cref="DataException">A resource is missing or malformed.</exception>
    public void Check() =>
        Within(() =>
        {
            _recipe.Check(_models);
            return true;
        });

    /// <summary>The attack, built once. Loads libtorch where a model belongs to it.</summary>
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
                        $"sha256 {VictimFolder.Hash(folder)}",
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
