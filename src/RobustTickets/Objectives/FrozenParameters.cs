using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Objectives;

/// <summary>Disables gradients of all parameters until disposed.</summary>
internal sealed class FrozenParameters : IDisposable
{
    private readonly List<Tensor> _trained = [];

    internal FrozenParameters(BertForSequenceClassification model, BertInputs inputs)
    {
        foreach (var parameter in Of(model, inputs))
        {
            if (!parameter.requires_grad)
                continue;
            parameter.requires_grad_(false);
            _trained.Add(parameter);
        }
    }

    /// <summary>The parameters of a model and the batch's leaf of word-embedding rows.</summary>
    internal static IEnumerable<Tensor> Of(BertForSequenceClassification model, BertInputs inputs)
    {
        foreach (var name in model.Store.Names)
            yield return model.Store[name];
        if (inputs.WordRows is { } rows)
            yield return rows;
    }

    public void Dispose()
    {
        foreach (var parameter in _trained)
            parameter.requires_grad_(true);
    }
}
