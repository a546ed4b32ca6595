// The dense parts of a transformer layer as three autograd operations: projections of one input,
// attention output with its LayerNorm, feed-forward network with its LayerNorm. Tensors saved by
// forward: docs/memory.md. Reference: BertEncoder's op-by-op layer.

using RobustTickets.Kernels.Activation;
using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Norm;
using RobustTickets.Kernels.Optim;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Kernels.Layers;

/// <summary>
/// Fused layers over packed rows [T, H]. Products accumulate weight gradients in their slots;
/// gradients that are not needed are not computed.
/// </summary>
internal static unsafe class FusedLayers
{
    /// <summary>
    /// Reserves memory for the gradients of the named weights, and lets idle threads sum squares
    /// for the gradient norm.
    /// </summary>
    public static void ReserveGradients(ParameterStore store, IEnumerable<string> weights)
    {
        store.GradientNorms ??= new GradientNormCache();
        store.ReserveGradients(weights);
    }

    /// <summary>x W_i^T + b_i for several weights: query, key and value of one input.</summary>
    /// <param name="x">[T, K].</param>
    /// <param name="weights">[N_i, K] each.</param>
    /// <param name="precision">Precision of the operands.</param>
    /// <returns>[T, N_i] each.</returns>
    public static Tensor[] Linear(Tensor x, MatrixPrecision precision, params DenseWeight[] weights) =>
        Linear(x, precision, weights, again: false);

    /// <summary>
    /// As <c>Linear</c>, and returns x as an output for the residual connection around the
    /// projections: its gradient comes back to this node, whose products accumulate into it,
    /// instead of two gradients of x and a sum.
    /// </summary>
    /// <param name="x">[T, K].</param>
    /// <param name="weights">[N_i, K] each.</param>
    /// <param name="precision">Precision of the operands.</param>
    /// <returns>[T, N_i] each, and [T, K] in the memory of <paramref name="x"/>.</returns>
    public static (Tensor[] Outputs, Tensor Residual) LinearWithResidual(
        Tensor x,
        MatrixPrecision precision,
        params DenseWeight[] weights
    )
    {
        var outputs = Linear(x, precision, weights, again: true);
        return (outputs[..^1], outputs[^1]);
    }

    private static Tensor[] Linear(Tensor x, MatrixPrecision precision, DenseWeight[] weights, bool again)
    {
        var recording = torch.is_grad_enabled();
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        var factor = DenseProducts.Factor(x, precision);
        var outputs = new Tensor[weights.Length + (again ? 1 : 0)];
        if (again)
            outputs[^1] = scope.Keep(x.WithoutHistory());
        var group = new GemmGroup();
        for (var i = 0; i < weights.Length; i++)
        {
            var (y, product) = DenseProducts.Forward(factor, weights[i].Factor);
            outputs[i] = scope.Keep(y);
            float* rows = Fp32(y),
                bias = Fp32(weights[i].Bias);
            group.Add(product, (in Tile part) => BiasKernel.Add(rows, bias, (int)product.N, part));
        }
        group.Run();
        var saved = new SavedLayer([factor], weights);
        Tensor?[] inputs = [x, .. weights.SelectMany(w => new[] { w.Weight, w.Bias })];
        Record(recording, inputs, outputs, given => LinearBackward(given, saved, precision), saved, "linear layers");
        return outputs;
    }

    private static Tensor?[] LinearBackward(Tensor?[] given, SavedLayer saved, MatrixPrecision precision)
    {
        var gradients = new Tensor?[1 + (2 * saved.Weights.Length)];
        var dy = Array.ConvertAll(given[..saved.Weights.Length], g => g is null ? null : DenseProducts.Rows(g));
        var factors = Array.ConvertAll(dy, g => g is null ? null : DenseProducts.Factor(g, precision));
        var group = new GemmGroup();
        if (Autograd.Wanted(0) != GradientUse.None)
        {
            gradients[0] = given.Length > dy.Length ? given[^1]?.Own() : null; // gradient of the residual
            var first = true;
            for (var i = 0; i < dy.Length; i++)
            {
                if (factors[i] is not { } factor)
                    continue;
                (gradients[0], var product) = DenseProducts.InputGradient(
                    factor,
                    saved.Weights[i].Factor,
                    gradients[0]
                );
                if (first)
                    group.Add(product);
                else
                    group.Then(product);
                first = false;
            }
        }
        var weights = new WeightGradient?[dy.Length];
        for (var i = 0; i < dy.Length; i++)
        {
            if (factors[i] is { } factor)
                weights[i] = WeightGradient.Join(group, 1 + (2 * i), saved.Weights[i], factor, saved[0]);
            if (dy[i] is not { } g || Autograd.Wanted(2 + (2 * i)) == GradientUse.None)
                continue;
            var (rows, columns) = (g.size(0), (int)g.size(1));
            var ofBias = gradients[2 + (2 * i)] = torch.empty([columns]);
            float* from = Fp32(g),
                to = Fp32(ofBias);
            group.AddIndependent(() => ColumnSums.Of(from, rows, columns, to));
        }
        group.Run();
        for (var i = 0; i < dy.Length; i++)
            gradients[1 + (2 * i)] = weights[i]?.Deliver();
        return gradients;
    }

    /// <summary>LayerNorm(dropout(x W^T + b) + residual): the end of the attention block.</summary>
    /// <param name="x">[T, K], the context of all heads.</param>
    /// <param name="weight">[H, K].</param>
    /// <param name="residual">[T, H].</param>
    /// <param name="norm">Norm and dropout.</param>
    /// <param name="precision">Precision of the operands.</param>
    /// <returns>[T, H].</returns>
    public static Tensor Output(Tensor x, DenseWeight weight, Tensor residual, NormSpec norm, MatrixPrecision precision)
    {
        var recording = torch.is_grad_enabled();
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        var factor = DenseProducts.Factor(x, precision);
        var (sum, product) = DenseProducts.Forward(factor, weight.Factor);
        Gemm.Run(product);
        var (y, normalised, inverse) = Norm(sum, weight.Bias, residual, norm);
        scope.Keep(y);
        var saved = new SavedLayer([factor, normalised, inverse, norm.Gamma], [weight]);
        Tensor?[] inputs = [x, weight.Weight, weight.Bias, residual, norm.Gamma, norm.Beta];
        Record(
            recording,
            inputs,
            [y],
            given => OutputBackward(given[0], saved, norm.Keys, norm.Dropout, precision),
            saved,
            "attention output"
        );
        return y;
    }

    private static Tensor?[] OutputBackward(
        Tensor? given,
        SavedLayer saved,
        ReadOnlyMemory<RandomKey> keys,
        double dropout,
        MatrixPrecision precision
    )
    {
        if (given is null)
            return new Tensor?[6];
        var (dOut, dResidual, sums) = NormBackward(given, saved[1], saved[2], saved[3], keys, dropout);
        using (sums)
        {
            var factor = DenseProducts.Factor(dOut, precision);
            var group = new GemmGroup();
            Tensor? dx = null;
            if (Autograd.Wanted(0) != GradientUse.None)
            {
                (dx, var product) = DenseProducts.InputGradient(factor, saved.Weights[0].Factor);
                group.Add(product);
            }
            var dWeight = WeightGradient.Join(group, 1, saved.Weights[0], factor, saved[0]);
            group.Run();
            return [dx, dWeight?.Deliver(), Total(sums, 2, 2), dResidual, Total(sums, 0, 4), Total(sums, 1, 5)];
        }
    }

    /// <summary>
    /// LayerNorm(dropout(c GELU(x U^T + b) D^T + d) + x): the feed-forward network.
    /// </summary>
    /// <param name="x">[T, H].</param>
    /// <param name="up">U [F, H] and its bias.</param>
    /// <param name="down">D [H, F] and its bias.</param>
    /// <param name="coefficients">c [F], or null for ones.</param>
    /// <param name="norm">Norm and dropout.</param>
    /// <param name="precision">Precision of the operands.</param>
    /// <returns>[T, H].</returns>
    public static Tensor FeedForward(
        Tensor x,
        DenseWeight up,
        DenseWeight down,
        Tensor? coefficients,
        NormSpec norm,
        MatrixPrecision precision
    )
    {
        var recording = torch.is_grad_enabled();
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        var source = DenseProducts.Rows(x);
        var factor = DenseProducts.Factor(source, precision);
        var (z, toZ) = DenseProducts.Forward(factor, up.Factor); // [T, F], without the bias
        var bf16 = precision == MatrixPrecision.Bf16;
        var activated = torch.empty(z.sizes, bf16 ? DType.BFloat16 : DType.Float32);
        var group = new GemmGroup();
        float* from = Fp32(z),
            bias = Fp32(up.Bias),
            factors = Fp32(coefficients),
            fp32 = bf16 ? null : Fp32(activated);
        var rounded = Bf16(activated, bf16);
        group.Add(toZ, (in Tile part) => GeluKernel.Forward(from, bias, factors, fp32, rounded, (int)toZ.N, part));
        group.Run();
        var (sum, toSum) = DenseProducts.Forward(activated, down.Factor);
        Gemm.Run(toSum);
        var (y, normalised, inverse) = Norm(sum, down.Bias, source, norm);
        scope.Keep(y);
        activated.Dispose(); // recomputed in backward
        var saved = new SavedLayer([factor, z, normalised, inverse, norm.Gamma, up.Bias, coefficients], [up, down]);
        Tensor?[] inputs = [x, up.Weight, up.Bias, down.Weight, down.Bias, norm.Gamma, norm.Beta, coefficients];
        Record(
            recording,
            inputs,
            [y],
            given => FeedForwardBackward(given[0], saved, norm.Keys, norm.Dropout, precision),
            saved,
            "feed-forward network"
        );
        return y;
    }

    private static Tensor?[] FeedForwardBackward(
        Tensor? given,
        SavedLayer saved,
        ReadOnlyMemory<RandomKey> keys,
        double dropout,
        MatrixPrecision precision
    )
    {
        if (given is null)
            return new Tensor?[8];
        var (dOut, dx, sums) = NormBackward(given, saved[2], saved[3], saved[4], keys, dropout);
        var bf16 = precision == MatrixPrecision.Bf16;
        using (sums)
        {
            var (z, coefficients) = (saved[1], saved.Optional(6));
            var factor = DenseProducts.Factor(dOut, precision);
            var (da, toDa) = DenseProducts.InputGradient(factor, saved.Weights[1].Factor); // [T, F], replaced by dz
            var activated = torch.empty(z.sizes, bf16 ? DType.BFloat16 : DType.Float32);
            var dz = bf16 ? torch.empty(z.sizes, DType.BFloat16) : da;
            using var inner = new ColumnSums(z.size(0), 2, (int)z.size(1));
            float* from = Fp32(z),
                bias = Fp32(saved[5]),
                factors = Fp32(coefficients),
                gradient = Fp32(da),
                fp32 = bf16 ? null : Fp32(activated);
            ushort* rounded = Bf16(activated, bf16),
                roundedDz = Bf16(dz, bf16);
            var first = new GemmGroup();
            first.Add(
                toDa,
                (in Tile part) =>
                    GeluKernel.Backward(
                        from,
                        bias,
                        factors,
                        gradient,
                        fp32,
                        rounded,
                        roundedDz,
                        (int)toDa.N,
                        inner,
                        part
                    )
            );
            if (saved.Weights[0].Slot?.Norms is { } norms)
                first.OnIdle(norms.SumOne);
            first.Run();
            var second = new GemmGroup();
            // dx already contains the residual's gradient
            second.Add(DenseProducts.InputGradient(dz, saved.Weights[0].Factor, dx).Product);
            var dUp = WeightGradient.Join(second, 1, saved.Weights[0], dz, saved[0]);
            var dDown = WeightGradient.Join(second, 3, saved.Weights[1], factor, activated);
            second.Run();
            return
            [
                dx,
                dUp?.Deliver(),
                Total(inner, 0, 2),
                dDown?.Deliver(),
                Total(sums, 2, 4),
                Total(sums, 0, 5),
                Total(sums, 1, 6),
                coefficients is null ? null : Total(inner, 1, 7),
            ];
        }
    }

    /// <summary>
    /// y, the normalised rows (in the memory of <paramref name="x"/>) and 1/deviation of each row.
    /// </summary>
    private static (Tensor Y, Tensor Normalised, Tensor Inverse) Norm(
        Tensor x,
        Tensor bias,
        Tensor residual,
        NormSpec norm
    )
    {
        var y = torch.empty(x.sizes);
        var inverse = torch.empty([x.size(0)]);
        var added = DenseProducts.Rows(residual);
        ResidualNormKernel.Forward(
            Fp32(x),
            Fp32(bias),
            Fp32(added),
            norm.Dropout > 0 ? norm.Keys : default,
            norm.Dropout,
            Fp32(norm.Gamma),
            Fp32(norm.Beta),
            norm.Epsilon,
            Fp32(y),
            Fp32(inverse),
            x.size(0),
            (int)x.size(1)
        );
        return (y, x, inverse);
    }

    private static (Tensor DOut, Tensor DResidual, ColumnSums Sums) NormBackward(
        Tensor given,
        Tensor normalised,
        Tensor inverse,
        Tensor gamma,
        ReadOnlyMemory<RandomKey> keys,
        double dropout
    )
    {
        var dy = DenseProducts.Rows(given);
        Tensor dOut = torch.empty(dy.sizes),
            dResidual = torch.empty(dy.sizes);
        var sums = ResidualNormKernel.Backward(
            Fp32(dy),
            Fp32(normalised),
            Fp32(inverse),
            dropout > 0 ? keys : default,
            dropout,
            Fp32(gamma),
            Fp32(dOut),
            Fp32(dResidual),
            dy.size(0),
            (int)dy.size(1)
        );
        return (dOut, dResidual, sums);
    }

    private static Tensor? Total(ColumnSums sums, int set, int input) =>
        Autograd.Wanted(input) == GradientUse.None ? null : sums.Total(set);

    private static ushort* Bf16(Tensor tensor, bool bf16) => bf16 ? (ushort*)tensor.data_ptr : null;

    private static float* Fp32(Tensor? tensor) => tensor is null ? null : (float*)tensor.data_ptr;

    /// <summary>
    /// Records the autograd node of the outputs, which were computed with recording off.
    /// </summary>
    private static void Record(
        bool recording,
        Tensor?[] inputs,
        Tensor[] outputs,
        Func<Tensor?[], Tensor?[]> backward,
        SavedLayer saved,
        string name
    )
    {
        if (!recording)
        {
            saved.Dispose();
            return;
        }
        using var record = torch.enable_grad();
        Autograd.Custom(inputs, outputs, backward, saved, name);
    }
}
