// Options that strengthen any published attack as a check on a defence: held-out words, random
// restarts (docs/methods/attacks.md, Checks against false robustness). By default a recipe is
// unchanged.

using System.Globalization;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks;

internal static class RecipeVariants
{
    private const uint DefaultSeed = 42;

    /// <summary>Applies the options to the attack, with a description line for each.</summary>
    public static Attack Apply(Attack attack, AttackOptions options)
    {
        if (options.HeldOutShare > 0)
            attack = attack with
            {
                Transformation = HeldOut(attack.Transformation, options.HeldOutShare),
                Lines =
                [
                    .. attack.Lines,
                    new(
                        "dictionary",
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"held-out substitutions alone: the word or its substitute is in the "
                                + $"{options.HeldOutShare:0.###} of all words that training left alone, by hash"
                        ),
                        RecipeLines.Chosen
                    ),
                ],
            };
        if (options.Restarts > 0)
        {
            var seed = attack.Randomness switch
            {
                StreamPerExample s => s.Seed,
                StreamPerRun s => s.Seed,
                _ => DefaultSeed,
            };
            attack = attack with
            {
                Search = new RandomRestarts(attack.Search, options.Restarts, seed),
                Lines =
                [
                    .. attack.Lines,
                    new(
                        "restarts",
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"{options.Restarts} further tries in random word orders, seed {seed}"
                        ),
                        RecipeLines.Chosen
                    ),
                ],
            };
        }
        return attack;
    }

    /// <summary>Throws if an option does not apply to the recipe.</summary>
    public static void Refuse(AttackRecipe recipe)
    {
        if (recipe.Options.HeldOutShare > 0 && !recipe.HasDictionary)
            throw new RequestException(
                nameof(AttackOptions.HeldOutShare),
                null,
                $"{recipe.Name} has no dictionary of substitutes to hold words out of; supported by "
                    + string.Join(", ", AttackRecipe.All.Where(r => r.HasDictionary).Select(r => r.Name))
            );
    }

    private static Transformation HeldOut(Transformation whole, double share) =>
        whole switch
        {
            EmbeddingSwap or WordNetSwap => new HeldOutSwap((WordSwap)whole, share),
            CompositeSwap composite => new CompositeSwap([.. composite.Parts.Select(p => HeldOut(p, share))]),
            _ => whole,
        };
}
