// TextAttack `WordEmbeddingDistance`: minimum cosine between the vectors of the original word and
// its substitute, both lower-cased. Words without a vector pass.

using RobustTickets.Attacks.Python;
using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks.Constraints;

/// <summary>Requires a minimum cosine between original word and substitute.</summary>
/// <param name="Vectors">The word vectors.</param>
/// <param name="Minimum">Minimum cosine.</param>
public sealed record MinWordCosine(WordVectors Vectors, double Minimum) : WordConstraint
{
    /// <inheritdoc/>
    public override string Name => "word-cosine";

    /// <inheritdoc/>
    public override bool ComparesWithOriginal => true;

    /// <inheritdoc/>
    public override bool Accepts(AttackedText reference, int position, string word)
    {
        ArgumentNullException.ThrowIfNull(reference);
        var a = Vectors.IndexOf(PythonText.Lower(reference.WordArray[position]));
        var b = Vectors.IndexOf(PythonText.Lower(word));
        return a < 0 || b < 0 || Vectors.Cosine(a, b) >= Minimum;
    }
}
