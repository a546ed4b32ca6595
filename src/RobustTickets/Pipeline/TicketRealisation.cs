// A ticket becomes a network: which weights it starts from, and whether
// what it leaves out is gone or only loses its pre-trained values.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Tickets;

namespace RobustTickets.Pipeline;

/// <summary>Makes the network that the retraining stage trains.</summary>
internal static class TicketRealisation
{
    /// <summary>The network of a ticket, or the dense one without a ticket.</summary>
    /// <param name="session">The run.</param>
    /// <param name="ticket">What the ticket keeps, or null.</param>
    /// <param name="retrain">Which weights and which form.</param>
    /// <param name="trained">Which parameters the optimiser may move; null for all.</param>
    internal static BertForSequenceClassification Realise(
        RunSession session,
        ITicketMask? ticket,
        RetrainStage retrain,
        out Func<string, bool>? trained
    )
    {
        trained = null;
        var dense = session.Checkpoint0();
        if (ticket is null)
            return dense;
        var key = session.Stages.KeyOf(StageName.Retrain);
        if (retrain.Weights != StartWeights.PreTrained)
            Redraw.Everything(
                dense,
                key.Derive(RandomStreams.Stage.Redrawn),
                embeddingsToo: retrain.Weights == StartWeights.RedrawnAll
            );
        return ticket switch
        {
            StructuredMask mask => Structured(
                dense,
                mask,
                retrain,
                key.Derive(RandomStreams.Stage.Outside),
                out trained
            ),
            WeightMask mask => Weights(dense, mask, retrain, key.Derive(RandomStreams.Stage.Outside)),
            _ => throw new NotSupportedException($"no realisation of {ticket.GetType().Name}"),
        };
    }

    /// <summary>
    /// The heads and neurons that are left after cutting; null when nothing is cut, as in dense
    /// forms.
    /// </summary>
    internal static StructuredMask? Cut(ITicketMask? ticket, RetrainStage retrain) =>
        (ticket, retrain.Realisation) switch
        {
            (StructuredMask mask, Realisation.Ticket) => mask,
            (StructuredMask mask, Realisation.AuthorsCode) => mask with
            {
                Heads = Array.ConvertAll(mask.Heads, layer => Array.ConvertAll(layer, _ => true)),
            },
            _ => null,
        };

    private static BertForSequenceClassification Structured(
        BertForSequenceClassification dense,
        StructuredMask mask,
        RetrainStage retrain,
        RandomKey key,
        out Func<string, bool>? trained
    )
    {
        trained = null;
        if (Cut(mask, retrain) is not { } cut)
        {
            Redraw.Outside(dense, mask, retrain.Realisation == Realisation.DenseZero ? null : key);
            return dense;
        }
        if (retrain.Realisation == Realisation.AuthorsCode)
            Redraw.AuthorsCodeHeads(dense, mask);
        BertForSequenceClassification model;
        using (dense)
            model = Slicer.Slice(dense, cut);
        if (retrain.Coefficients == TicketCoefficients.Removed)
            return model;
        SlimmingCoefficients.Attach(model);
        if (retrain.Coefficients == TicketCoefficients.AuthorsCode)
            trained = AuthorsCodeCoefficients(model, dense.Config);
        return model;
    }

    /// <summary>
    /// The dense network under a fixed mask, or without one where what the mask leaves out only
    /// loses its values.
    /// </summary>
    private static BertForSequenceClassification Weights(
        BertForSequenceClassification dense,
        WeightMask mask,
        RetrainStage retrain,
        RandomKey key
    )
    {
        if (retrain.Realisation == Realisation.Ticket)
            FixedMasks.Attach(dense, mask);
        else
            RedrawWeights.Outside(dense, mask, retrain.Realisation == Realisation.DenseZero ? null : key);
        return dense;
    }

    /// <summary>
    /// As the authors' code does: the ticket keeps coefficients of 1 everywhere, frozen in
    /// modules that lost something, trainable in untouched ones.
    /// </summary>
    private static Func<string, bool> AuthorsCodeCoefficients(BertForSequenceClassification model, BertConfig dense)
    {
        var frozen = new HashSet<string>();
        for (var l = 0; l < dense.Layers; l++)
        {
            if (model.Config.HeadsPerLayer[l] < dense.HeadsPerLayer[l])
                frozen.Add(BertParameters.HeadCoefficients(l));
            if (model.Config.NeuronsPerLayer[l] < dense.NeuronsPerLayer[l])
                frozen.Add(BertParameters.NeuronCoefficients(l));
        }
        return name => !frozen.Contains(name);
    }
}
