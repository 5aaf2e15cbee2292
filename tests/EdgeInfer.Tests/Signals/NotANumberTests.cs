using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Signals;

public sealed class NotANumberTests
{
    // Whole vectors and what is left behind them.
    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(31)]
    [InlineData(36)]
    public void One_NaN_is_found_wherever_it_is(int place)
    {
        using TensorBuffer floats = new("y", ElementType.Float32, [37]), halves = new("y", ElementType.Float16, [37]), doubles = new("y", ElementType.Float64, [37]);
        floats.Elements<float>().Fill(float.PositiveInfinity);
        Assert.False(NotANumber.IsIn(floats) || NotANumber.IsIn(halves) || NotANumber.IsIn(doubles));
        floats.Elements<float>()[place] = float.NaN;
        halves.Elements<Half>()[place] = Half.NaN;
        doubles.Elements<double>()[place] = double.NaN;
        Assert.True(NotANumber.IsIn(floats) && NotANumber.IsIn(halves) && NotANumber.IsIn(doubles));
    }

    [Fact]
    public void Integers_have_none()
    {
        using TensorBuffer bytes = new("y", ElementType.UInt8, [64]);
        bytes.Bytes.Fill(0xFF);
        Assert.False(NotANumber.IsIn(bytes));
    }
}
