// A fixed binary ticket on a network during training (docs/methods/robust.md, Draw and retraining):
// a layer computes with m * W, so pruned weights are effectively 0 and get no gradient from the
// task. W itself is kept.
using RobustTickets.Kernels.Masks;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Tickets;

/// <summary>
/// Fixed binary masks of a classifier. The released code obtains them with scores of +20 and -20.
/// </summary>
internal sealed class FixedMasks : IWeightMasks
{
    private readonly BertForSequenceClassification _model;
    private readonly Dictionary<string, MatrixMask> _masks;
    private readonly Dictionary<string, Tensor> _operands = []; // masks as tensors for operators, cached over passes

    private FixedMasks(BertForSequenceClassification model, WeightMask mask) =>
        (_model, _masks) = (model, mask.Matrices.ToDictionary(m => m.Site));

    /// <summary>Applies a mask to a model.</summary>
    /// <exception cref="TicketShapeException">The mask and the network have different
    /// shapes.</exception>
    public static FixedMasks Attach(BertForSequenceClassification model, WeightMask mask)
    {
        mask.RequireShapes(Shapes(model), "ticket");
        var masks = new FixedMasks(model, mask);
        model.Encoder.Masks = masks;
        return masks;
    }

    /// <summary>Maskable layers of a network with their matrix shapes.</summary>
    public static IEnumerable<(string Site, long[] Shape)> Shapes(BertForSequenceClassification model) =>
        BertParameters.Maskable(model.Config).Select(site => (site, model.Store[BertParameters.Weight(site)].shape));

    /// <inheritdoc/>
    public Tensor Effective(string site, Tensor weight, PassOptions pass)
    {
        if (!_masks.TryGetValue(site, out var mask))
            return weight;
        if (!_model.Execution.UsesKernels)
            return weight * Operand(mask, weight.device);
        Tensor masked;
        using (torch.no_grad())
        {
            masked = torch.empty(weight.shape);
            BinaryMaskKernel.Apply(weight, mask.Words, masked);
        }
        if (!torch.is_grad_enabled() || !weight.requires_grad)
            return masked;
        return Autograd.Custom(
            [weight],
            masked,
            given =>
            {
                if (given is null)
                    return [null];
                using var gradient = given.contiguous();
                var weightGradient = torch.empty(gradient.shape);
                BinaryMaskKernel.Apply(gradient, mask.Words, weightGradient);
                return [weightGradient];
            },
            null,
            "binary mask"
        );
    }

    /// <summary>
    /// Writes the zeros into the matrices and removes the masks; the function is unchanged.
    /// </summary>
    public void Bake()
    {
        foreach (var mask in _masks.Values)
        {
            var weight = _model.Store[BertParameters.Weight(mask.Site)];
            Zero(weight, mask);
        }
        foreach (var operand in _operands.Values)
            operand.Dispose();
        _operands.Clear();
        _model.Encoder.Masks = null;
    }

    /// <summary>Sets pruned weights of a matrix to zero, on any device.</summary>
    internal static void Zero(Tensor weight, MatrixMask mask)
    {
        if (weight.device.IsHost)
        {
            BinaryMaskKernel.Apply(weight, mask.Words, weight);
            return;
        }
        using var scope = torch.scope();
        using var quiet = torch.no_grad();
        weight.mul_(Plain(mask, weight.device));
    }

    private Tensor Operand(MatrixMask mask, Device device)
    {
        if (_operands.TryGetValue(mask.Site, out var known) && known.device == device)
            return known;
        known?.Dispose();
        return _operands[mask.Site] = Plain(mask, device).keep();
    }

    /// <summary>The mask as a tensor of zeros and ones.</summary>
    private static Tensor Plain(MatrixMask mask, Device device)
    {
        var values = new float[mask.Count];
        for (var i = 0L; i < values.Length; i++)
            values[i] = mask[i] ? 1f : 0f;
        return torch.tensor<float>(values, [mask.Rows, mask.Columns], device);
    }
}
