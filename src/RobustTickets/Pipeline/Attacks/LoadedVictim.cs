using RobustTickets.Attacks;
using RobustTickets.Models;
using RobustTickets.Pipeline.Models;

namespace RobustTickets.Pipeline.Attacks;

/// <summary>A victim in memory, with the attack on it.</summary>
/// <param name="Attack">The attack.</param>
/// <param name="Classifier">The victim.</param>
/// <param name="Models">The models of the attack.</param>
/// <param name="Notes">Notes for the user about the victim.</param>
internal sealed record LoadedVictim(
    Attack Attack,
    ITextClassifier Classifier,
    AttackModels Models,
    IReadOnlyList<string> Notes
) : IDisposable
{
    /// <summary>Builds the attack, then loads the victim.</summary>
    /// <param name="model">The victim.</param>
    /// <param name="recipe">The attack.</param>
    /// <param name="maxLength">Maximum sequence length.</param>
    /// <param name="execution">Execution options of the victim.</param>
    /// <param name="loader">Loads models that are not Hugging Face folders, or null.</param>
    /// <inheritdoc cref="VictimLength.For" path="/exception"/>
    /// <inheritdoc cref="AttackRecipe.Build" path="/exception"/>
    /// <inheritdoc cref="ClassifierSource.Load" path="/exception"/>
    public static LoadedVictim Load(
        NamedModel model,
        AttackRecipe recipe,
        VictimLength maxLength,
        Execution execution,
        IModelLoader? loader
    )
    {
        var length = maxLength.For(model);
        var models = new AttackModels(model.BaseModel, loader);
        try
        {
            var attack = recipe.Build(models);
            var classifier = ClassifierSource.Load(model.Path, execution, length, loader);
            return new LoadedVictim(attack, classifier, models, ClassifierSource.Notes(classifier, length));
        }
        catch
        {
            models.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Classifier.Dispose();
        Models.Dispose();
    }
}
