// Applies a ticket to a network: selects the initial weights, and slices off pruned parts or only
// resets their values.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Tickets;

namespace RobustTickets.Pipeline;

/// <summary>Creates the network for the retraining stage.</summary>
internal static class TicketRealisation
{
    /// <summary>Creates the network of a ticket, or the dense one without a ticket.</summary>
    /// <param name="session">The run.</param>
    /// <param name="ticket">The mask, or null.</param>
    /// <param name="retrain">Initial weights and realisation.</param>
    /// <param name="trained">Selects the parameters to train; null for all.</param>
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
    /// The heads and neurons that remain after slicing; null when nothing is sliced, as in dense
    /// realisations.
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
    /// The dense network with a fixed mask; in dense realisations, without a mask but with the
    /// pruned weights reset.
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
    /// As in the authors' code: the ticket has coefficients of 1, frozen in pruned modules and
    /// trainable in others.
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
