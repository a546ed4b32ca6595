// InfoBERT's critic F (docs/methods/infobert.md, Critic): Linear(2d -> w), ReLU, Linear(w -> 1),
// Softplus on pairs (x of a token, z of [CLS]).
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Objectives;

/// <summary>The critic of the anchored-feature term.</summary>
internal static class InfoBertCritic
{
    private const string Prefix = "infobert.critic.";
    private const string FirstWeight = Prefix + "0.weight",
        FirstBias = Prefix + "0.bias",
        SecondWeight = Prefix + "2.weight",
        SecondBias = Prefix + "2.bias";

    /// <summary>Whether a parameter belongs to the critic.</summary>
    public static bool Owns(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>
    /// Adds a critic of <paramref name="width"/> hidden units to a model's store, initialised like
    /// torch's Linear: uniform within 1/sqrt(inputs).
    /// </summary>
    /// <exception cref="ArgumentException">The store has a critic already.</exception>
    public static void Attach(BertForSequenceClassification model, int width, RandomKey key)
    {
        long d = model.Config.Hidden;
        (string Name, long[] Shape, long Inputs)[] parameters =
        [
            (FirstWeight, [width, 2 * d], 2 * d),
            (FirstBias, [width], 2 * d),
            (SecondWeight, [1, width], width),
            (SecondBias, [1], width),
        ];
        for (var i = 0; i < parameters.Length; i++)
        {
            var (name, shape, inputs) = parameters[i];
            var tensor = torch.empty(shape);
            var rows = Enumerable.Range(0, (int)shape[0]).Select(row => key.Derive(i).Derive(row)).ToArray();
            KeyedTensors.UniformSigned(tensor, rows);
            tensor.mul_(1 / Math.Sqrt(inputs));
            model.Store.Add(name, tensor);
        }
    }

    /// <summary>Removes the critic from a model's store and frees it; no-op without one.</summary>
    public static void Detach(BertForSequenceClassification model)
    {
        foreach (var name in model.Store.Names.Where(Owns).ToArray())
            model.Store.Remove(name);
    }

    /// <summary>
    /// F for all pairs (i, j). The hidden layer's input is the sum of a term of x and a term of z,
    /// so n^2 pairs need only two products of n rows.
    /// </summary>
    /// <param name="store">Store that contains the critic.</param>
    /// <param name="x">Token embeddings [n, d].</param>
    /// <param name="z">[CLS] states [n, d].</param>
    /// <returns>F(x_i, z_i) as [n, 1], and F(x_j, z_i) as [n (i), n (j), 1].</returns>
    internal static (Tensor Paired, Tensor All) Scores(ParameterStore store, Tensor x, Tensor z)
    {
        var d = x.shape[1];
        Tensor first = store[FirstWeight],
            second = store[SecondWeight].t(),
            bias = store[SecondBias];
        var fromX = x.matmul(first.narrow(1, 0, d).t()); // [n, w]
        var fromZ = z.matmul(first.narrow(1, d, d).t()) + store[FirstBias]; // [n, w]
        return (Score(fromX + fromZ), Score(fromX.unsqueeze(0) + fromZ.unsqueeze(1)));

        Tensor Score(Tensor hidden) => (hidden.relu().matmul(second) + bias).softplus();
    }
}

/// <summary>Trainable parameters of an objective.</summary>
internal static class ObjectiveParameters
{
    /// <summary>
    /// Adds an objective's own parameters to a model, newly initialised; most objectives have none.
    /// </summary>
    public static void Attach(ObjectiveOptions options, BertForSequenceClassification model, RandomKey key)
    {
        if (options is InfoBertOptions o)
            InfoBertCritic.Attach(model, o.CriticHidden, key);
    }

    /// <summary>Removes them again: a finished model contains the network only.</summary>
    public static void Detach(BertForSequenceClassification model) => InfoBertCritic.Detach(model);

    /// <summary>
    /// Whether an objective trains a parameter: all, except a critic that stays random.
    /// </summary>
    public static bool Trains(ObjectiveOptions options, string name) =>
        !InfoBertCritic.Owns(name) || options is InfoBertOptions { TrainCritic: true };
}
