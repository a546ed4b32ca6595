using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;

namespace RobustTickets.Kernels.Attention;

/// <summary>
/// Attention over packed sequences as one differentiable operation (kernel:
/// <see cref="AttentionLayout"/>; reference: the padded path of the model).
/// </summary>
internal static unsafe class PackedAttention
{
    /// <summary>
    /// softmax(q k^T / sqrt(headSize)) with keyed dropout, times v, times one coefficient per head.
    /// </summary>
    /// <param name="query">[Tq, heads * headSize], contiguous float32.</param>
    /// <param name="key">[Tk, heads * headSize].</param>
    /// <param name="value">[Tk, heads * headSize].</param>
    /// <param name="coefficients">[heads] factors on each head's output, or null for ones.</param>
    /// <param name="layout">Row ranges of the sequences.</param>
    /// <param name="heads">Number of heads in this layer.</param>
    /// <param name="dropout">Probability of dropping an attention weight; 0 in evaluation.</param>
    /// <param name="dropoutKey">Key of the dropout site.</param>
    /// <returns>Context [Tq, heads * headSize].</returns>
    public static Tensor Apply(
        Tensor query,
        Tensor key,
        Tensor value,
        Tensor? coefficients,
        AttentionLayout layout,
        int heads,
        double dropout,
        RandomKey dropoutKey
    )
    {
        if (heads == 0)
            return query; // a layer without heads: [Tq, 0]; the output projection adds only its bias
        var headSize = (int)(query.shape[1] / heads);
        var differentiable =
            torch.is_grad_enabled()
            && (
                query.requires_grad
                || key.requires_grad
                || value.requires_grad
                || coefficients is { requires_grad: true }
            );
        var kernel = new PackedAttentionKernel(layout, heads, headSize, dropout, dropoutKey);
        var tables = differentiable && kernel.TablesAreSmall ? torch.empty([kernel.TableSize]).keep() : null;
        if (tables is not null)
            kernel.Tables = Data(tables);
        var context = torch.empty(query.shape);
        kernel.Forward(Data(query), Data(key), Data(value), DataOrNull(coefficients), Data(context));
        if (!differentiable)
            return context;
        Tensor[] inputs = coefficients is null ? [query, key, value] : [query, key, value, coefficients];
        var saved = new Saved(inputs, kernel, tables);
        return Autograd.Custom(
            inputs,
            context,
            gradient => saved.Backward(gradient!, layout.Count, heads),
            saved,
            "packed attention"
        );
    }

    private static float* Data(Tensor tensor) => (float*)tensor.data_ptr;

    private static float* DataOrNull(Tensor? tensor) => tensor is null ? null : Data(tensor);

    /// <summary>
    /// State for backward: detached inputs, and the kernel's probability tables if they were kept.
    /// </summary>
    private sealed class Saved : IDisposable
    {
        private readonly Tensor[] _inputs;
        private readonly PackedAttentionKernel _kernel;
        private readonly Tensor? _tables;

        internal Saved(Tensor[] inputs, PackedAttentionKernel kernel, Tensor? tables)
        {
            _inputs = Array.ConvertAll(inputs, t => t.WithoutHistory().keep());
            (_kernel, _tables) = (kernel, tables);
        }

        internal Tensor?[] Backward(Tensor gradContext, int sequences, int heads)
        {
            var contiguous = gradContext.contiguous();
            Tensor q = _inputs[0],
                k = _inputs[1],
                v = _inputs[2];
            var coefficients = _inputs.Length > 3 ? _inputs[3] : null;
            var gradQuery = torch.empty(q.shape);
            var gradKey = torch.empty(k.shape);
            var gradValue = torch.empty(v.shape);
            var partial = coefficients is null ? null : new float[sequences * heads];
            fixed (float* partials = partial)
            {
                _kernel.Backward(
                    Data(q),
                    Data(k),
                    Data(v),
                    DataOrNull(coefficients),
                    Data(contiguous),
                    Data(gradQuery),
                    Data(gradKey),
                    Data(gradValue),
                    partials
                );
            }
            return partial is null
                ? [gradQuery, gradKey, gradValue]
                : [gradQuery, gradKey, gradValue, SumOverSequences(partial, heads)];
        }

        private static Tensor SumOverSequences(float[] partial, int heads)
        {
            var sums = new double[heads];
            for (var task = 0; task < partial.Length; task++)
                sums[task % heads] += partial[task];
            return torch.tensor<float>(Array.ConvertAll(sums, x => (float)x), heads);
        }

        public void Dispose()
        {
            foreach (var input in _inputs)
                input.Dispose();
            _tables?.Dispose();
        }
    }
}
